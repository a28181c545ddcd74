package dev.helm.keyproxy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing byte array that hands out its array, so that a head and a body leave in one write. */
final class ByteSink {
  private byte[] bytes;
  private int length;

  ByteSink(int capacityBytes) {
    bytes = new byte[capacityBytes];
  }

  ByteSink add(String ascii) {
    byte[] more = ascii.getBytes(StandardCharsets.US_ASCII);
    return add(more, 0, more.length);
  }

  ByteSink add(byte[] more, int offset, int count) {
    if (length + count > bytes.length) {
      byte[] before = bytes;
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
      Arrays.fill(before, (byte) 0); // a request head holds the key
    }
    System.arraycopy(more, offset, bytes, length, count);
    length += count;
    return this;
  }

  byte[] array() {
    return bytes;
  }

  int length() {
    return length;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  void clear() {
    length = 0;
  }

  /** Overwrites what was held: a request head holds the key. */
  void wipe() {
    Arrays.fill(bytes, (byte) 0);
    length = 0;
  }
}
