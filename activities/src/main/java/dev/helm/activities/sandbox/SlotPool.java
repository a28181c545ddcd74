package dev.helm.activities.sandbox;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Slots that wait for a run. Each is given away once and never comes back. */
final class SlotPool {
  private static final long FIRST_PAUSE_MS = 500;
  private static final long LONGEST_PAUSE_MS = 30_000;
  private static final System.Logger LOG = System.getLogger(SlotPool.class.getName());

  private final int size;
  private final Supplier<LiveSlot> maker;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition taken = lock.newCondition();
  private final Condition added = lock.newCondition();
  private final Deque<LiveSlot> ready = new ArrayDeque<>();
  private boolean closed;

  SlotPool(int size, Supplier<LiveSlot> maker) {
    this.size = size;
    this.maker = maker;
  }

  void start() {
    Thread.ofVirtual().name("slot-pool").start(this::fill);
  }

  /** A ready slot whose container lives, or null if there is none now. */
  @Nullable LiveSlot take() {
    lock.lock();
    try {
      LiveSlot next = ready.poll();
      taken.signalAll();
      return next;
    } finally {
      lock.unlock();
    }
  }

  int waiting() {
    lock.lock();
    try {
      return ready.size();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the pool is full; for benchmarks and tests. */
  boolean awaitFull(long waitMs) throws InterruptedException {
    lock.lock();
    try {
      long nanos = TimeUnit.MILLISECONDS.toNanos(waitMs);
      while (ready.size() < size && nanos > 0) {
        nanos = added.awaitNanos(nanos);
      }
      return ready.size() >= size;
    } finally {
      lock.unlock();
    }
  }

  /** No more slots are made; returns those that waited. */
  Deque<LiveSlot> close() {
    lock.lock();
    try {
      closed = true;
      taken.signalAll();
      Deque<LiveSlot> left = new ArrayDeque<>(ready);
      ready.clear();
      return left;
    } finally {
      lock.unlock();
    }
  }

  private void fill() {
    long pauseMs = FIRST_PAUSE_MS;
    try {
      while (awaitRoom()) {
        try {
          add(maker.get());
          pauseMs = FIRST_PAUSE_MS;
        } catch (RuntimeException e) {
          LOG.log(System.Logger.Level.WARNING, "no slot for the pool: " + e.getMessage());
          TimeUnit.MILLISECONDS.sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean awaitRoom() throws InterruptedException {
    lock.lock();
    try {
      while (!closed && ready.size() >= size) {
        taken.await();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private void add(LiveSlot made) {
    lock.lock();
    try {
      // After close it stays recorded and unclaimed; the next start removes it.
      if (!closed) {
        ready.add(made);
        added.signalAll();
      } else {
        made.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
