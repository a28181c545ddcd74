package dev.helm.keyproxy;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Bounds the memory of all request bodies together, so that many large ones cannot end the JVM. */
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

  byte[] segment() throws Refusal {
    try {
      if (segments.tryAcquire(waitMs, TimeUnit.MILLISECONDS)) {
        return new byte[SEGMENT_BYTES];
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw Refusal.of(529, "the key proxy holds too many large requests now; try again").closing();
  }

  void free(int count) {
    segments.release(count);
  }
}
