package dev.helm.cli.render;

/**
 * Foreign text made harmless for a terminal: what would move the cursor, recolour, retitle, reorder
 * or hide is shown as a visible escape instead of obeyed. Everything that was not written by this
 * program passes through here before it is printed.
 */
public final class SafeText {
  private SafeText() {}

  /** One line: line ends and tabs become one space. */
  public static String line(String text) {
    return escape(text, false);
  }

  /** Prose on one line: runs of white space become one space, none at the ends. */
  public static String prose(String text) {
    return line(text.strip().replaceAll("\\s+", " "));
  }

  /** Several lines: line ends stay, tabs become two spaces. */
  public static String block(String text) {
    return escape(text.replace("\r\n", "\n"), true);
  }

  private static String escape(String text, boolean keepLines) {
    if (isPlain(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (c == '\n') {
        out.append(keepLines ? '\n' : ' ');
      } else if (c == '\t') {
        out.append(keepLines ? "  " : " ");
      } else if (hidden(c)) {
        appendEscape(out, c);
      } else {
        out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c >= 0x20 && c < 0x7f);
  }

  private static boolean hidden(int c) {
    return switch (Character.getType(c)) {
      // Controls; bidirectional and zero-width formats and tags; line separators; halves of pairs.
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> ignorable(c);
    };
  }

  /** Letters and marks that are drawn as nothing, and variation selectors but the emoji one. */
  private static boolean ignorable(int c) {
    return c == 0x034f
        || c == 0x115f
        || c == 0x1160
        || c == 0x17b4
        || c == 0x17b5
        || c == 0x3164
        || c == 0xffa0
        || (c >= 0x180b && c <= 0x180f)
        || (c >= 0xfe00 && c <= 0xfe0e)
        || (c >= 0xe0000 && c <= 0xe0fff);
  }

  private static void appendEscape(StringBuilder out, int c) {
    if (c < 0x100) {
      out.append(String.format("\\x%02x", c));
    } else if (c < 0x10000) {
      out.append(String.format("\\u%04x", c));
    } else {
      out.append(String.format("\\u{%x}", c));
    }
  }
}
