package dev.helm.keyproxy;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.IntPredicate;

/**
 * A read that is done before its bytes are needed, by its own thread and into its own buffer. It
 * notices at once when a silent peer leaves, and its bytes are then the reader's first ones.
 */
final class ReadAhead {
  private final byte[] buffer = new byte[4096];
  private final CompletableFuture<Integer> result = new CompletableFuture<>();

  private ReadAhead() {}

  /**
   * Starts reading. {@code keep} is told each count (-1 for the end or an error) and says whether
   * to hand the bytes over; if not they are dropped and the next ones are read.
   */
  static ReadAhead start(Wire wire, IntPredicate keep) {
    ReadAhead ahead = new ReadAhead();
    Thread.ofVirtual().name("read-ahead").start(() -> ahead.run(wire, keep));
    return ahead;
  }

  private void run(Wire wire, IntPredicate keep) {
    try {
      int count;
      do {
        count = wire.readNow(buffer, 0, buffer.length);
      } while (!keep.test(count) && count >= 0);
      result.complete(count);
    } catch (IOException | RuntimeException | Error e) {
      result.completeExceptionally(e);
      var _ = keep.test(-1);
    }
  }

  boolean isDone() {
    return result.isDone();
  }

  /** Waits for the read and copies its bytes to the start of {@code target}. */
  int take(byte[] target) throws IOException {
    try {
      int count = result.get();
      if (count > 0) {
        System.arraycopy(buffer, 0, target, 0, count);
      }
      return count;
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
