package dev.helm.activities.sandbox;

import java.io.IOException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** One thing at a time for each run; a run that nobody works for takes no memory. */
final class RunLocks {
  private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();

  interface Work<T> {
    T run() throws IOException;
  }

  /** The number is only touched inside the map's own step for the run. */
  private static final class Entry {
    private final ReentrantLock lock = new ReentrantLock();
    private int users;
  }

  <T> T exclusively(String run, Work<T> work) throws IOException {
    Entry entry =
        entries.compute(
            run,
            (id, known) -> {
              Entry used = known == null ? new Entry() : known;
              used.users++;
              return used;
            });
    entry.lock.lock();
    try {
      return work.run();
    } finally {
      entry.lock.unlock();
      entries.computeIfPresent(run, (id, used) -> --used.users == 0 ? null : used);
    }
  }

  /** Does the work unless somebody works for the run now; whether it was done. */
  boolean ifFree(String run, Work<Boolean> work) throws IOException {
    Entry entry = new Entry();
    entry.users = 1;
    entry.lock.lock();
    try {
      return entries.putIfAbsent(run, entry) == null && work.run();
    } finally {
      entry.lock.unlock();
      entries.computeIfPresent(run, (id, used) -> used == entry && --used.users == 0 ? null : used);
    }
  }

  int size() {
    return entries.size();
  }
}
