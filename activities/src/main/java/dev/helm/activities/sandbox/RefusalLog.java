package dev.helm.activities.sandbox;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Tells of what was refused on one slot's socket: a few lines a minute, the rest as a number. */
final class RefusalLog {
  static final int LINES_A_MINUTE_MAX = 5;
  private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);

  private final String slot;
  private final Consumer<String> lines;
  private final LongSupplier nanoTime;
  private long since;
  private long told;
  private long untold;

  /**
   * @param nanoTime the clock, as {@link System#nanoTime}
   */
  RefusalLog(String slot, Consumer<String> lines, LongSupplier nanoTime) {
    this.slot = slot;
    this.lines = lines;
    this.nanoTime = nanoTime;
    this.since = nanoTime.getAsLong();
  }

  // Thousands of connections a second fill the host's disk with lines about them.
  synchronized void refused(String why) {
    long now = nanoTime.getAsLong();
    if (now - since >= MINUTE_NS) {
      since = now;
      told = 0;
    }
    if (told >= LINES_A_MINUTE_MAX) {
      untold++;
      return;
    }
    told++;
    String more = untold == 0 ? "" : " (and " + untold + " times more before, not told one by one)";
    untold = 0;
    lines.accept("slot " + slot + ": refused on the executor's socket: " + why + more);
  }
}
