package dev.helm.service.rest;

import dev.helm.service.store.CommitListener;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Lets a request wait for what it has caused, woken by commits instead of by a timer. */
public final class CommitWaiter implements CommitListener {
  /** Longest wait of a decision or an answer for its effect. */
  public static final long WAIT_MS_MAX = 2_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();
  private long commits;

  @Override
  public void committed(List<Committed> events) {
    lock.lock();
    try {
      commits++;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks until the state is what is waited for, or the time is up.
   *
   * @return the last state that was seen
   */
  <T> T await(Supplier<T> look, Predicate<T> there) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS_MAX);
    while (true) {
      long before = commits();
      T state = look.get();
      if (there.test(state) || !movedSince(before, deadline)) {
        return state;
      }
    }
  }

  private long commits() {
    lock.lock();
    try {
      return commits;
    } finally {
      lock.unlock();
    }
  }

  private boolean movedSince(long before, long deadline) {
    lock.lock();
    try {
      while (commits == before) {
        long left = deadline - System.nanoTime();
        if (left <= 0 || moved.awaitNanos(left) <= 0) {
          return commits != before;
        }
      }
      return System.nanoTime() < deadline;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }
}
