package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.fail;

import java.util.concurrent.Callable;

/** Polls with a deadline, since processes live at their own pace. */
final class Until {
  private static final long DEADLINE_MS = 20_000;

  private Until() {}

  static void holds(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE_MS * 1_000_000;
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        fail("not within " + DEADLINE_MS + " ms: " + what);
      }
      Thread.sleep(20);
    }
  }
}
