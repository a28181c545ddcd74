package dev.helm.keyproxy;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over valid JSON text without the white space between its tokens. Commas and colons are
 * left out too, so that a member can be skipped without a trace; a space before each bare number or
 * literal keeps {@code [1,2]} and {@code [12]} apart.
 */
final class NormalDigest {
  private final MessageDigest digest = sha256();
  private final byte[] out = new byte[4096];
  private int filled;
  private boolean inString;
  private boolean escaped;
  private boolean inBare;

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-256", e);
    }
  }

  static String hex(byte[] digest) {
    return HexFormat.of().formatHex(digest);
  }

  void add(byte[] json, int offset, int count) {
    int end = offset + count;
    for (int i = offset; i < end; i++) {
      int from = i;
      while (inString && !escaped && i < end && json[i] != '"' && json[i] != '\\') {
        i++;
      }
      put(json, from, i - from);
      if (i < end) {
        add(json[i]);
      }
    }
  }

  private void put(byte[] bytes, int offset, int count) {
    if (count > out.length - filled) {
      digest.update(out, 0, filled);
      digest.update(bytes, offset, count);
      filled = 0;
    } else {
      System.arraycopy(bytes, offset, out, filled, count);
      filled += count;
    }
  }

  private void add(byte b) {
    if (inString) {
      put(b);
      inString = escaped || b != '"';
      escaped = !escaped && b == '\\';
      return;
    }
    switch (b) {
      case ' ', '\t', '\r', '\n', ',', ':' -> inBare = false;
      case '{', '}', '[', ']', '"' -> {
        inBare = false;
        inString = b == '"';
        put(b);
      }
      default -> {
        if (!inBare) {
          put((byte) ' ');
          inBare = true;
        }
        put(b);
      }
    }
  }

  private void put(byte b) {
    if (filled == out.length) {
      digest.update(out, 0, filled);
      filled = 0;
    }
    out[filled++] = b;
  }

  /** The digest of all that was added; the object starts anew. */
  byte[] finish() {
    digest.update(out, 0, filled);
    filled = 0;
    inBare = false;
    return digest.digest();
  }
}
