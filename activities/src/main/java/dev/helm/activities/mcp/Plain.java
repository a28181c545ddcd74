package dev.helm.activities.mcp;

import dev.helm.api.event.WellFormed;
import java.util.HexFormat;

/**
 * Text of servers, bounded and without characters that do something where they are shown: control
 * characters, and those that turn the direction of writing or cannot be seen.
 */
final class Plain {
  private Plain() {}

  /** One line of at most so many characters. */
  static String line(String raw, int charsMax) {
    return cut(escaped(WellFormed.text(raw), false).strip(), charsMax);
  }

  /** Lines of at most so many characters together. */
  static String text(String raw, int charsMax) {
    return cut(escaped(WellFormed.text(raw), true), charsMax);
  }

  private static String cut(String text, int charsMax) {
    if (text.length() <= charsMax) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(charsMax - 2)) ? charsMax - 2 : charsMax - 1;
    return text.substring(0, end) + "…";
  }

  private static String escaped(String text, boolean lines) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), 4096));
    text.codePoints()
        .forEach(
            c -> {
              if (c == '\n' || c == '\t') {
                out.append(lines ? (char) c : ' ');
              } else if (hidden(c)) {
                out.append("\\u").append(HexFormat.of().toHexDigits(c, 4));
              } else {
                out.appendCodePoint(c);
              }
            });
    return out.toString();
  }

  private static boolean hidden(int c) {
    int type = Character.getType(c);
    return Character.isISOControl(c)
        || type == Character.FORMAT
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || type == Character.PRIVATE_USE
        // Tag characters: an invisible alphabet.
        || (c >= 0xe0000 && c <= 0xe0fff);
  }
}
