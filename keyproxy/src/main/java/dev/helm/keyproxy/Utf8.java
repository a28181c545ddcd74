package dev.helm.keyproxy;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Proof that a body is UTF-8 and begins as UTF-8 JSON does: parsers guess other encodings. */
final class Utf8 {
  private Utf8() {}

  static boolean isText(Body body) {
    for (int i = 0; i < Math.min(4, body.length()); i++) {
      if (body.at(i) == 0 || body.at(i) > 0x7f) {
        return false;
      }
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    Check check = new Check(decoder);
    body.forEach(0, body.length(), check);
    return check.good && check.held == 0;
  }

  /** Decodes stretch after stretch; a character cut by a stretch's end waits for the next. */
  private static final class Check implements Body.Stretch<RuntimeException> {
    private final CharsetDecoder decoder;
    private final CharBuffer characters = CharBuffer.allocate(8192);
    private final byte[] cut = new byte[8];
    private int held;
    private boolean good = true;

    Check(CharsetDecoder decoder) {
      this.decoder = decoder;
    }

    @Override
    public void take(byte[] bytes, int offset, int count) {
      int at = offset;
      int end = offset + count;
      while (good && held > 0 && at < end) {
        cut[held++] = bytes[at++];
        int left = decode(ByteBuffer.wrap(cut, 0, held));
        good &= left < 4;
        held = left;
      }
      if (good && at < end) {
        ByteBuffer rest = ByteBuffer.wrap(bytes, at, end - at);
        held = decode(rest);
        rest.get(cut, 0, Math.min(held, 4));
      }
    }

    private int decode(ByteBuffer bytes) {
      CoderResult result;
      do {
        characters.clear();
        result = decoder.decode(bytes, characters, false);
      } while (result.isOverflow());
      good &= !result.isError();
      return good ? bytes.remaining() : 0;
    }
  }
}
