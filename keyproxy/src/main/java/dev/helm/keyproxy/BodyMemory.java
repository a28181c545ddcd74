package dev.helm.keyproxy;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Bounds the memory of all bodies together, so that many large ones cannot end the JVM. */
final class BodyMemory {
  static final int SEGMENT_BYTES = 64 * 1024;

  private static final int POOLED = 32;

  private final Semaphore segments;
  private final ArrayBlockingQueue<byte[]> pool = new ArrayBlockingQueue<>(POOLED);
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
      if (!segments.tryAcquire(waitMs, TimeUnit.MILLISECONDS)) {
        return null;
      }
      byte[] pooled = pool.poll();
      return pooled == null ? new byte[SEGMENT_BYTES] : pooled;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** Takes segments back; some are kept, because new ones would soon fill the heap. */
  void free(List<byte[]> used) {
    used.forEach(pool::offer);
    segments.release(used.size());
  }
}
