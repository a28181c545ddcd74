package dev.helm.api.event;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Makes foreign text storable without losing what it was: bytes that are no UTF-8 and lone
 * surrogates become a visible escape, {@code ⟦ff⟧} or {@code ⟦\ud800⟧}.
 */
public final class WellFormed {
  private WellFormed() {}

  /** Text from bytes; each byte that is not part of valid UTF-8 becomes {@code ⟦hh⟧}. */
  public static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      return escaped(bytes);
    }
  }

  /** Text whose lone surrogates are escaped; most texts come back as they are. */
  public static String text(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (Character.isSurrogate(c) && !pair) {
        if (out == null) {
          out = new StringBuilder(text.substring(0, i));
        }
        out.append("⟦\\u").append(HexFormat.of().toHexDigits(c)).append('⟧');
      } else {
        if (out != null) {
          out.append(c);
          if (pair) {
            out.append(text.charAt(i + 1));
          }
        }
        if (pair) {
          i++;
        }
      }
    }
    return out == null ? text : out.toString();
  }

  private static String escaped(byte[] bytes) {
    StringBuilder out = new StringBuilder(bytes.length + 16);
    int i = 0;
    while (i < bytes.length) {
      int length = sequenceLength(bytes, i);
      if (length == 0) {
        out.append('⟦').append(HexFormat.of().toHexDigits(bytes[i])).append('⟧');
        i++;
      } else {
        out.append(new String(bytes, i, length, StandardCharsets.UTF_8));
        i += length;
      }
    }
    return out.toString();
  }

  /** Length of the valid UTF-8 sequence at {@code i}, or 0. */
  private static int sequenceLength(byte[] bytes, int i) {
    int lead = bytes[i] & 0xff;
    int length =
        lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
    if (lead >= 0xf5 || (lead >= 0x80 && lead < 0xc2) || i + length > bytes.length) {
      return 0;
    }
    String decoded = new String(bytes, i, length, StandardCharsets.UTF_8);
    return decoded.indexOf('\ufffd') < 0 || isReplacementItself(bytes, i, length) ? length : 0;
  }

  private static boolean isReplacementItself(byte[] bytes, int i, int length) {
    return length == 3
        && (bytes[i] & 0xff) == 0xef
        && (bytes[i + 1] & 0xff) == 0xbf
        && (bytes[i + 2] & 0xff) == 0xbd;
  }
}
