package dev.helm.keyproxy;

import static dev.helm.keyproxy.BadMessageException.Kind.TOO_LARGE;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The buffered reading side of a wire. The buffer is as large as the largest head. */
final class WireInput {
  private final Wire wire;
  private final byte[] buffer;
  private int position;
  private int end;
  private @Nullable ReadAhead ahead;

  WireInput(Wire wire, int bufferBytes) {
    this.wire = wire;
    this.buffer = new byte[bufferBytes];
  }

  /** The next bytes come from this read; nothing may be buffered. */
  void expect(ReadAhead readAhead) {
    ahead = readAhead;
  }

  int buffered() {
    return end - position;
  }

  /** Waits for more bytes behind the buffered ones; false at the end of the input. */
  private boolean fill(long timeoutMs) throws IOException {
    if (position == end) {
      position = 0;
      end = 0;
    }
    int count;
    ReadAhead first = ahead;
    if (first != null && end == 0) {
      ahead = null;
      count = wire.within(timeoutMs, () -> first.take(buffer));
    } else {
      count = wire.read(buffer, end, buffer.length - end, timeoutMs);
    }
    end += Math.max(count, 0);
    return count >= 0;
  }

  /** The next byte; the end of the input is an error here. */
  int next(long timeoutMs) throws IOException {
    while (position == end) {
      if (!fill(timeoutMs)) {
        throw new EOFException("the connection ended inside a message");
      }
    }
    return buffer[position++] & 0xff;
  }

  /** At least one and at most {@code length} bytes; the end of the input is an error here. */
  int read(byte[] target, int offset, int length, long timeoutMs) throws IOException {
    if (position == end && ahead == null && length >= 1024) {
      int count = wire.read(target, offset, length, timeoutMs);
      if (count < 0) {
        throw new EOFException("the connection ended inside a message");
      }
      return count;
    }
    target[offset] = (byte) next(timeoutMs);
    int more = Math.min(length - 1, end - position);
    System.arraycopy(buffer, position, target, offset + 1, more);
    position += more;
    return more + 1;
  }

  /**
   * The bytes of a head up to and with its empty line, or null if the peer closed before it sent
   * one. Only printable ASCII and CR LF pairs pass: a lone CR or LF must never split a header.
   */
  byte @Nullable [] head(long firstByteMs, long headMs) throws IOException {
    if (position == end && !fill(firstByteMs)) {
      return null;
    }
    System.arraycopy(buffer, position, buffer, 0, end - position);
    end -= position;
    position = 0;
    long dueNanos = System.nanoTime() + headMs * 1_000_000;
    for (int i = 0; ; i++) {
      if (i == buffer.length) {
        throw new BadMessageException(
            TOO_LARGE, "the head is larger than " + buffer.length + " bytes");
      }
      while (i == end) {
        long leftMs = (dueNanos - System.nanoTime()) / 1_000_000;
        if (leftMs <= 0) {
          throw new Wire.LateException("the head took longer than " + headMs + " ms");
        }
        if (!fill(leftMs)) {
          throw new EOFException("the connection ended inside a head");
        }
      }
      if (endsHead(i)) {
        position = i + 1;
        return Arrays.copyOf(buffer, position);
      }
    }
  }

  private boolean endsHead(int i) throws BadMessageException {
    int value = buffer[i] & 0xff;
    boolean afterCr = i > 0 && buffer[i - 1] == '\r';
    if ((value == '\n') != afterCr || (value != '\r' && value != '\n' && outsideText(value))) {
      throw new BadMessageException("the head has a byte that is not allowed there");
    }
    return value == '\n' && i >= 3 && buffer[i - 2] == '\n';
  }

  private static boolean outsideText(int value) {
    return value < 0x20 || value > 0x7e;
  }
}
