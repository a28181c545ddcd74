package dev.helm.activities.foreign;

import dev.helm.api.event.WellFormed;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What a program writes to stdout: shown as it comes, and kept between two of its calls up to a
 * bound. A program that writes faster than anybody reads is slowed down, not Helm.
 */
final class Said {
  /** Most text between two calls; of more, the beginning and the end are kept. */
  static final int TEXT_BYTES_MAX = 64 << 10;

  private static final int HALF = TEXT_BYTES_MAX / 2;
  private static final int CHUNK_BYTES = 16 << 10;
  private static final long CHUNK_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private final byte[] head = new byte[HALF];
  private final byte[] tail = new byte[HALF];
  private long bytes;

  /** Reads to the end; {@code events} hears it. */
  void read(InputStream out, AgentEvents events) {
    byte[] chunk = new byte[CHUNK_BYTES];
    try {
      int read;
      while ((read = out.read(chunk)) >= 0) {
        keep(chunk, read);
        events.says(WellFormed.text(Arrays.copyOf(chunk, read)));
        if (read == CHUNK_BYTES) {
          LockSupport.parkNanos(CHUNK_NS);
        }
      }
    } catch (IOException e) {
      // Its container is gone; what came is kept.
    }
  }

  private synchronized void keep(byte[] chunk, int length) {
    for (int i = 0; i < length; i++, bytes++) {
      if (bytes < HALF) {
        head[(int) bytes] = chunk[i];
      } else {
        tail[(int) ((bytes - HALF) % HALF)] = chunk[i];
      }
    }
  }

  /** What came since the last time. */
  synchronized String take() {
    long all = bytes;
    bytes = 0;
    String first = WellFormed.text(Arrays.copyOf(head, (int) Math.min(all, HALF)));
    if (all <= HALF) {
      return first;
    }
    long rest = all - HALF;
    if (rest <= HALF) {
      byte[] whole = Arrays.copyOf(head, (int) all);
      System.arraycopy(tail, 0, whole, HALF, (int) rest);
      return WellFormed.text(whole);
    }
    byte[] last = new byte[HALF];
    int from = (int) (rest % HALF);
    System.arraycopy(tail, from, last, 0, HALF - from);
    System.arraycopy(tail, 0, last, HALF - from, from);
    return first + "\n… " + (rest - HALF) + " bytes left out …\n" + WellFormed.text(last);
  }
}
