package dev.helm.keyproxy;

/** Proof that a body is UTF-8 and begins as UTF-8 JSON does: parsers guess other encodings. */
final class Utf8 implements Body.Stretch<RuntimeException> {
  private int left;
  private int lowest;
  private int highest;
  private boolean good = true;

  private Utf8() {}

  static boolean isText(Body body) {
    for (int i = 0; i < Math.min(4, body.length()); i++) {
      if (body.at(i) == 0 || body.at(i) > 0x7f) {
        return false;
      }
    }
    Utf8 check = new Utf8();
    body.forEach(0, body.length(), check);
    return check.good && check.left == 0;
  }

  @Override
  public void take(byte[] bytes, int offset, int count) {
    for (int i = offset; i < offset + count && good; i++) {
      if (left > 0 || bytes[i] < 0) {
        next(bytes[i] & 0xff);
      }
    }
  }

  /** The table of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
  private void next(int b) {
    if (left > 0) {
      good = b >= lowest && b <= highest;
      left--;
    } else {
      good = b >= 0xc2 && b <= 0xf4;
      left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
    }
    boolean first = b >= 0xc2;
    lowest = first && b == 0xe0 ? 0xa0 : first && b == 0xf0 ? 0x90 : 0x80;
    highest = first && b == 0xed ? 0x9f : first && b == 0xf4 ? 0x8f : 0xbf;
  }
}
