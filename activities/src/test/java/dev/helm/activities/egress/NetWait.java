package dev.helm.activities.egress;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for what another thread does. */
final class NetWait {
  private NetWait() {}

  static void until(BooleanSupplier condition) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > due) {
        throw new AssertionError("it did not happen in time");
      }
      Thread.onSpinWait();
    }
  }
}
