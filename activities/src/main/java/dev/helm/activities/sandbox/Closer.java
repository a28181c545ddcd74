package dev.helm.activities.sandbox;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Bounds blocking work on a channel by closing it, and runs other short things later. */
final class Closer {
  private static final ScheduledExecutorService TIMER =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("sandbox-timer").unstarted(task));

  private Closer() {}

  /** Closes the channel after a while; cancel the result to keep it. */
  static Future<?> closeAfter(Closeable channel, Duration wait) {
    return after(wait, () -> close(channel));
  }

  static Future<?> after(Duration wait, Runnable task) {
    return TIMER.schedule(
        () -> Thread.ofVirtual().start(task), wait.toNanos(), TimeUnit.NANOSECONDS);
  }

  static void close(Closeable channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It is unusable either way.
    }
  }
}
