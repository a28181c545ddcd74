package dev.helm.keyproxy;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Bounds the memory of all bodies together, so that many large ones cannot end the JVM. */
final class BodyMemory {
  static final int SEGMENT_BYTES = 64 * 1024;

  private final Semaphore segments;
  private final long waitMs;

  BodyMemory(long totalBytes, long waitMs) {
    this.segments = new Semaphore((int) Math.max(1, totalBytes / SEGMENT_BYTES), true);
    this.waitMs = waitMs;
  }

  /** A share of the heap that leaves room for the streams. */
  static BodyMemory ofThisJvm(long waitMs) {
    return new BodyMemory(Runtime.getRuntime().maxMemory() / 5 * 2, waitMs);
  }

  /** A segment, or null when none came free for a while. */
  byte @Nullable [] segment() {
    try {
      return segments.tryAcquire(waitMs, TimeUnit.MILLISECONDS) ? new byte[SEGMENT_BYTES] : null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  void free(int count) {
    segments.release(count);
  }
}
