package dev.helm.keyproxy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A whole body, kept exactly as it came, in segments of one size that are counted. */
final class Body implements AutoCloseable {
  private static final int SEGMENT_BYTES = BodyMemory.SEGMENT_BYTES;

  private final BodyMemory memory;
  private final List<byte[]> segments = new ArrayList<>();
  private int length;

  /** An empty one. */
  Body(BodyMemory memory) {
    this.memory = memory;
  }

  /** Reads the body of a request. */
  static Body read(BodyInput in, BodyMemory memory, int maxBytes, Limits.ClientTimes times)
      throws IOException, Refusal {
    Body body = new Body(memory);
    try {
      long dueNanos = System.nanoTime() + times.bodyMs() * 1_000_000;
      while (!in.ended()) {
        body.readSome(in, times.bodyIdleMs());
        if (body.length > maxBytes) {
          throw Refusal.of(413, tooLarge(maxBytes)).closing();
        }
        if (System.nanoTime() - dueNanos > 0) {
          throw new Wire.LateException("the body took longer than " + times.bodyMs() + " ms");
        }
      }
      return body;
    } catch (IOException | Refusal | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  private void readSome(BodyInput in, long idleMs) throws IOException, Refusal {
    if (!hasRoom()) {
      throw Refusal.of(529, "the key proxy holds too many large requests now; try again").closing();
    }
    int offset = length % SEGMENT_BYTES;
    length += Math.max(0, in.read(segments.getLast(), offset, SEGMENT_BYTES - offset, idleMs));
  }

  private boolean hasRoom() {
    if (length < segments.size() * SEGMENT_BYTES) {
      return true;
    }
    byte[] segment = memory.segment();
    return segment != null && segments.add(segment);
  }

  /** Adds bytes; false if they are too many for this body or for the memory of all. */
  boolean add(byte[] bytes, int offset, int count, int maxBytes) {
    int at = offset;
    int end = offset + count;
    while (at < end && length < maxBytes && hasRoom()) {
      int used = length % SEGMENT_BYTES;
      int taken = Math.min(end - at, SEGMENT_BYTES - used);
      System.arraycopy(bytes, at, segments.getLast(), used, taken);
      length += taken;
      at += taken;
    }
    return at == end && length <= maxBytes;
  }

  static String tooLarge(int maxBytes) {
    return "the request body is larger than " + maxBytes + " bytes; send less";
  }

  int length() {
    return length;
  }

  int at(int index) {
    return segments.get(index / SEGMENT_BYTES)[index % SEGMENT_BYTES] & 0xff;
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
      int offset = at % SEGMENT_BYTES;
      int count = Math.min(to - at, SEGMENT_BYTES - offset);
      target.take(segments.get(at / SEGMENT_BYTES), offset, count);
      at += count;
    }
  }

  /** The index of the quote that ends the string which begins behind {@code at}. */
  int endOfString(int at) {
    boolean escaped = false;
    for (int i = at; i < length; ) {
      byte[] segment = segments.get(i / SEGMENT_BYTES);
      int end = Math.min(length - i / SEGMENT_BYTES * SEGMENT_BYTES, SEGMENT_BYTES);
      for (int k = i % SEGMENT_BYTES; k < end; k++, i++) {
        if (escaped) {
          escaped = false;
        } else if (segment[k] == '"') {
          return i;
        } else {
          escaped = segment[k] == '\\';
        }
      }
    }
    return length;
  }

  InputStream stream() {
    List<InputStream> parts = new ArrayList<>();
    this.<RuntimeException>forEach(
        0, length, (bytes, offset, count) -> parts.add(new ByteArrayInputStream(bytes, 0, count)));
    return new SequenceInputStream(Collections.enumeration(parts));
  }

  /** Gives the memory back; the body is empty then. */
  @Override
  public void close() {
    memory.free(segments);
    segments.clear();
    length = 0;
  }
}
