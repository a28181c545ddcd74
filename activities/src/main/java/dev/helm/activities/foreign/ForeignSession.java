package dev.helm.activities.foreign;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A driver at work, asked under keys: an attempt that Temporal repeats gets what the one before it
 * waited for, so that nothing the agent asks for is lost or asked for twice.
 */
final class ForeignSession {
  private final int epoch;
  private final AgentDriver driver;
  private final AtomicInteger turn;
  private String key = "";
  private CompletableFuture<Next> next = CompletableFuture.completedFuture(new Next.Interrupted());
  private boolean over;

  ForeignSession(int epoch, AgentDriver driver, AtomicInteger turn) {
    this.epoch = epoch;
    this.driver = driver;
    this.turn = turn;
  }

  int epoch() {
    return epoch;
  }

  AgentDriver driver() {
    return driver;
  }

  void turn(int now) {
    turn.set(now);
  }

  synchronized boolean over() {
    return over;
  }

  /** What comes next under this key; asked once, however often it is called. */
  synchronized CompletableFuture<Next> next(String under, Given given) {
    if (!under.equals(key)) {
      key = under;
      CompletableFuture<Next> before = next;
      next = new CompletableFuture<>();
      CompletableFuture<Next> mine = next;
      Thread.ofVirtual().name("agent-next").start(() -> ask(before, mine, given));
    }
    return next;
  }

  private void ask(CompletableFuture<Next> before, CompletableFuture<Next> mine, Given given) {
    try {
      if (!before.isDone()) {
        // An attempt whose interrupt was never told to the driver.
        driver.interrupt();
        before.join();
      }
      mine.complete(driver.next(given));
    } catch (InterruptedException | RuntimeException e) {
      mine.complete(new Next.Lost("", "its driver failed: " + e));
    }
  }

  /** It is of no more use; the next turn starts another. */
  void close() {
    synchronized (this) {
      over = true;
    }
    driver.close();
  }
}
