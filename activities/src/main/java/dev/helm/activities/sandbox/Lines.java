package dev.helm.activities.sandbox;

import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The one line that a slot's executor may have at a time, and what it knows. */
final class Lines {
  /** More than an executor remembers in its life: one that makes them up fills no memory here. */
  private static final int KNOWN_MAX = 60_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<String> known = new HashSet<>();
  private @Nullable ExecutorLine taken;
  private @Nullable ExecutorLine ready;
  private boolean closed;

  /** Makes this connection the line; refused while there is one. */
  ExecutorLine take(SocketChannel channel, Hello hello) throws ProtocolViolation {
    lock.lock();
    try {
      if (taken != null || closed) {
        throw new ProtocolViolation(closed ? "host is closing" : "second connection");
      }
      if (known.size() > KNOWN_MAX) {
        throw new ProtocolViolation("more effects than one life may have");
      }
      taken = new ExecutorLine(channel);
      known.addAll(hello.ended().keySet());
      known.addAll(hello.running());
      return taken;
    } finally {
      lock.unlock();
    }
  }

  void ready(ExecutorLine line) {
    lock.lock();
    try {
      ready = line;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void drop(ExecutorLine line) {
    lock.lock();
    try {
      if (taken == line) {
        taken = null;
        ready = null;
      }
    } finally {
      lock.unlock();
    }
  }

  @Nullable ExecutorLine current() {
    lock.lock();
    try {
      return ready;
    } finally {
      lock.unlock();
    }
  }

  boolean await(Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long nanos = wait.toNanos();
      while (ready == null && !closed && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return ready != null;
    } finally {
      lock.unlock();
    }
  }

  void told(String key) {
    lock.lock();
    try {
      known.add(key);
    } finally {
      lock.unlock();
    }
  }

  boolean knows(String key) {
    lock.lock();
    try {
      return known.contains(key);
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
      if (taken != null) {
        taken.close();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
