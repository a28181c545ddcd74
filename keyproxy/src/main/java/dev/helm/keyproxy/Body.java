package dev.helm.keyproxy;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** A request body, kept exactly as it came, in segments of one size. */
final class Body implements AutoCloseable {
  private final BodyMemory memory;
  private final List<byte[]> segments = new ArrayList<>();
  private int length;

  private Body(BodyMemory memory) {
    this.memory = memory;
  }

  /** Reads a whole body. */
  static Body read(BodyInput in, BodyMemory memory, int maxBytes, Limits.ClientTimes times)
      throws IOException, Refusal {
    Body body = new Body(memory);
    try {
      long dueNanos = System.nanoTime() + times.bodyMs() * 1_000_000;
      while (body.readSome(in, maxBytes, times.bodyIdleMs())) {
        if (System.nanoTime() - dueNanos > 0) {
          throw new WireTimeoutException("the body took longer than " + times.bodyMs() + " ms");
        }
      }
      return body;
    } catch (IOException | Refusal | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  private boolean readSome(BodyInput in, int maxBytes, long idleMs) throws IOException, Refusal {
    int offset = length % BodyMemory.SEGMENT_BYTES;
    if (offset == 0 && !in.ended()) {
      segments.add(memory.segment());
    }
    if (in.ended()) {
      return false;
    }
    byte[] last = segments.getLast();
    int count = in.read(last, offset, last.length - offset, idleMs);
    length += Math.max(count, 0);
    if (length > maxBytes) {
      throw Refusal.of(413, tooLarge(maxBytes)).closing();
    }
    return count >= 0;
  }

  static String tooLarge(int maxBytes) {
    return "the request body is larger than " + maxBytes + " bytes; send less";
  }

  int length() {
    return length;
  }

  int at(int index) {
    return segments.get(index / BodyMemory.SEGMENT_BYTES)[index % BodyMemory.SEGMENT_BYTES] & 0xff;
  }

  /** Takes a stretch of the body, as {@link #forEach} cuts it. */
  @FunctionalInterface
  interface Stretch<E extends Exception> {
    void take(byte[] bytes, int offset, int count) throws E;
  }

  /** Hands over {@code from} to {@code to} in order, cut at the segments. */
  <E extends Exception> void forEach(int from, int to, Stretch<E> target) throws E {
    int at = from;
    while (at < to) {
      int offset = at % BodyMemory.SEGMENT_BYTES;
      int count = Math.min(to - at, BodyMemory.SEGMENT_BYTES - offset);
      target.take(segments.get(at / BodyMemory.SEGMENT_BYTES), offset, count);
      at += count;
    }
  }

  InputStream stream() {
    return new Reader();
  }

  /** Gives the memory back; the body is empty then. */
  @Override
  public void close() {
    memory.free(segments.size());
    segments.clear();
    length = 0;
  }

  private final class Reader extends InputStream {
    private int position;

    @Override
    public int read() {
      return position < length ? at(position++) : -1;
    }

    @Override
    public int read(byte[] target, int offset, int count) {
      if (position >= length) {
        return -1;
      }
      int inSegment = position % BodyMemory.SEGMENT_BYTES;
      int taken =
          Math.min(Math.min(count, length - position), BodyMemory.SEGMENT_BYTES - inSegment);
      byte[] segment = segments.get(position / BodyMemory.SEGMENT_BYTES);
      System.arraycopy(segment, inSegment, target, offset, taken);
      position += taken;
      return taken;
    }
  }
}
