package dev.helm.keyproxy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Deadlines for blocking reads and writes. A channel has no write time-out of its own, and a unix
 * socket no read time-out either, so that a deadline closes the socket from outside.
 */
final class Watchdog implements AutoCloseable {
  private static final long TICK_MS = 50;

  private final Set<Guard> armed = ConcurrentHashMap.newKeySet();
  private final Thread thread;

  Watchdog() {
    thread = Thread.ofPlatform().daemon().name("watchdog").start(this::run);
  }

  Guard guard(Runnable onDue) {
    return new Guard(onDue);
  }

  private void run() {
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(TICK_MS);
        long now = System.nanoTime();
        for (Guard guard : armed) {
          if (now - guard.dueNanos >= 0) {
            guard.fire();
          }
        }
      }
    } catch (InterruptedException e) {
      armed.clear();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  /** One deadline; it can be armed again and again, by one thread at a time. */
  final class Guard {
    private final Runnable onDue;
    private volatile long dueNanos;
    private volatile boolean fired;

    private Guard(Runnable onDue) {
      this.onDue = onDue;
    }

    void arm(long timeoutMs) {
      dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
      armed.add(this);
    }

    void disarm() {
      armed.remove(this);
    }

    boolean fired() {
      return fired;
    }

    private void fire() {
      if (armed.remove(this)) {
        fired = true;
        onDue.run();
      }
    }
  }
}
