package dev.helm.keyproxy;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The model key. It is bytes and never a String, has no printed form, and is read once. */
final class ModelKey {
  private static final int MIN_BYTES = 16;
  private static final int MAX_BYTES = 8 * 1024;

  private final byte[] bytes;
  private final KeyPatterns patterns;

  private ModelKey(byte[] bytes) {
    this.bytes = bytes;
    byte[] start = Arrays.copyOf(bytes, Math.min(bytes.length, KeyPatterns.MAX_KEY_BYTES));
    this.patterns = new KeyPatterns(start);
  }

  /**
   * Reads the key to the input's end and trims it.
   *
   * @throws StartException if it is too short or too long, or has a byte that no header may carry
   */
  static ModelKey read(InputStream in) throws IOException, StartException {
    byte[] all = in.readNBytes(MAX_BYTES + 1);
    if (all.length > MAX_BYTES) {
      throw new StartException(
          "the model key on standard input is longer than 8 KiB; give the key file, nothing else");
    }
    int from = 0;
    int to = all.length;
    while (from < to && isSpace(all[from])) {
      from++;
    }
    while (to > from && isSpace(all[to - 1])) {
      to--;
    }
    byte[] key = Arrays.copyOfRange(all, from, to);
    Arrays.fill(all, (byte) 0);
    check(key);
    return new ModelKey(key);
  }

  private static void check(byte[] key) throws StartException {
    if (key.length == 0) {
      throw new StartException(
          "no model key came on standard input; store one with helm key set and start again");
    }
    // A short one would be found in innocent text, and is soon guessed.
    if (key.length < MIN_BYTES) {
      throw new StartException("the model key is shorter than 16 bytes; give the whole key");
    }
    for (byte b : key) {
      if (b <= 0x20 || b > 0x7e) {
        throw new StartException(
            "the model key has a space, a line break or a byte outside ASCII inside; store the key"
                + " again with helm key set, on one line");
      }
    }
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }

  /** Appends the key to a request head. */
  void writeTo(ByteSink sink) {
    sink.add(bytes, 0, bytes.length);
  }

  /** Looks for this key in one answer: an upstream that echoes it must not reach the client. */
  KeyScan scan() {
    return new KeyScan(patterns);
  }

  @Override
  public String toString() {
    return "ModelKey[hidden]";
  }
}
