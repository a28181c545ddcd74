package dev.helm.keyproxy;

import java.io.IOException;

/**
 * The bytes of one message's body without its framing. Chunk extensions and trailers are refused:
 * nobody needs them here, and parsers disagree about them.
 */
final class BodyInput {
  private static final int MAX_SIZE_DIGITS = 8;

  private final WireInput in;
  private final boolean chunked;
  private long left;
  private boolean betweenChunks;
  private boolean ended;

  BodyInput(WireInput in, Framing framing) {
    this.in = in;
    switch (framing) {
      case Framing.Length(long bytes) -> {
        chunked = false;
        left = bytes;
        ended = bytes == 0;
      }
      case Framing.Chunked() -> chunked = true;
    }
  }

  boolean isChunked() {
    return chunked;
  }

  /** True when the last byte was read, for a body in chunks its terminator too. */
  boolean ended() {
    return ended;
  }

  /** Some bytes as soon as they come, or -1 at the proper end. A cut is an EOFException. */
  int read(byte[] target, int offset, int length, long timeoutMs) throws IOException {
    if (!ended && left == 0) {
      nextChunk(timeoutMs);
    }
    if (ended) {
      return -1;
    }
    int count = in.read(target, offset, (int) Math.min(length, left), timeoutMs);
    left -= count;
    if (left == 0 && !chunked) {
      ended = true;
    }
    return count;
  }

  private void nextChunk(long timeoutMs) throws IOException {
    if (betweenChunks) {
      lineEnd(timeoutMs);
    }
    betweenChunks = true;
    int digits = 0;
    int c = in.next(timeoutMs);
    while (c != '\r') {
      int digit = c < 0x80 ? Character.digit(c, 16) : -1;
      if (digit < 0 || ++digits > MAX_SIZE_DIGITS) {
        throw new BadMessageException("a chunk size must be at most 8 hexadecimal digits");
      }
      left = left * 16 + digit;
      c = in.next(timeoutMs);
    }
    if (digits == 0 || in.next(timeoutMs) != '\n') {
      throw new BadMessageException("a chunk size must be digits and a line end");
    }
    if (left == 0) {
      lineEnd(timeoutMs);
      ended = true;
    }
  }

  private void lineEnd(long timeoutMs) throws IOException {
    if (in.next(timeoutMs) != '\r' || in.next(timeoutMs) != '\n') {
      throw new BadMessageException("a line end must follow a chunk, and no trailer");
    }
  }
}
