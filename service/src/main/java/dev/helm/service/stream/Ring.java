package dev.helm.service.stream;

import dev.helm.service.store.CommitListener.Committed;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The newest events of all runs, by position. Bounded by count and by characters. */
final class Ring {
  private final @Nullable Committed[] slots;
  private final long charsMax;
  private long chars;
  private long oldest;
  private long newest;

  /** A ring that continues after {@code lastPos}. */
  Ring(int eventsMax, long charsMax, long lastPos) {
    this.slots = new Committed[eventsMax];
    this.charsMax = charsMax;
    this.newest = lastPos;
    this.oldest = lastPos + 1;
  }

  synchronized void add(List<Committed> events) {
    for (Committed event : events) {
      if (event.pos() != newest + 1) {
        restartAt(event.pos());
      }
      newest = event.pos();
      chars += event.json().length();
      while (newest - oldest >= slots.length || (chars > charsMax && oldest < newest)) {
        drop();
      }
      slots[index(newest)] = event;
    }
  }

  /** A gap means that events went past; whoever needs them reads the database. */
  private void restartAt(long pos) {
    java.util.Arrays.fill(slots, null);
    chars = 0;
    oldest = pos;
  }

  private void drop() {
    Committed gone = slots[index(oldest)];
    if (gone != null) {
      chars -= gone.json().length();
      slots[index(oldest)] = null;
    }
    oldest++;
  }

  private int index(long pos) {
    return (int) (pos % slots.length);
  }

  synchronized long newest() {
    return newest;
  }

  /**
   * Gathers matching events after a position, up to a batch's limits.
   *
   * @return the position up to which everything was looked at, or -1 when the ring no longer
   *     reaches back to {@code after}
   */
  synchronized long gather(long after, Predicate<Committed> wanted, Batch batch) {
    if (after + 1 < oldest) {
      return -1;
    }
    long seen = after;
    while (seen < newest) {
      Committed event = slots[index(seen + 1)];
      if (event != null && wanted.test(event) && !batch.add(event)) {
        return seen;
      }
      seen++;
    }
    return seen;
  }
}
