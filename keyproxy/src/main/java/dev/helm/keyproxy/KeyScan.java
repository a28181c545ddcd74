package dev.helm.keyproxy;

/**
 * Looks for the key in one answer, piece after piece and without keeping any: once in the bytes as
 * they are and once in what they say if they are JSON, where any character can be an escape.
 */
final class KeyScan {
  /** The longest way to write a character in JSON: a backslash, u and four digits. */
  private static final int ESCAPE_BYTES = 6;

  private final KeyPatterns patterns;
  private int plain;
  private int json;
  private int inEscape;
  private int code;

  KeyScan(KeyPatterns patterns) {
    this.patterns = patterns;
  }

  /** True if the key ended within these bytes. */
  boolean take(byte[] bytes, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      byte b = bytes[i];
      plain = patterns.after(plain, b);
      if (inEscape != 0) {
        escaped(b);
      } else if (b == '\\') {
        inEscape = 1;
      } else {
        json = patterns.after(json, b);
      }
      if (patterns.isWhole(plain) || patterns.isWhole(json)) {
        return true;
      }
    }
    return false;
  }

  private void escaped(byte b) {
    if (inEscape == 1 && b == 'u') {
      inEscape = 2;
      code = 0;
      return;
    }
    int digit = inEscape == 1 ? -1 : Character.digit(b, 16);
    if (digit >= 0) {
      code = code * 16 + digit;
      if (++inEscape < ESCAPE_BYTES) {
        return;
      }
    }
    json = patterns.after(json, digit >= 0 ? code : b);
    inEscape = 0;
  }

  /** How many of the last bytes may be the beginning of the key; they must not go out yet. */
  int pending() {
    boolean begun = patterns.depth(json) > 0 || inEscape != 0;
    return begun ? ESCAPE_BYTES * (patterns.depth(json) + 1) : patterns.depth(plain);
  }
}
