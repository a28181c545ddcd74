package dev.helm.cli.render;

/**
 * Foreign text made harmless for a terminal: what would move the cursor, recolour, retitle, reorder
 * or hide is shown as a visible escape instead of obeyed. Everything that was not written by this
 * program passes through here before it is printed.
 */
public final class SafeText {
  /** Most marks that one letter carries; no language stacks more. */
  private static final int MARKS_MAX = 4;

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

  /** JSON with the same meaning, in which what JSON lets stand raw is escaped too. */
  public static String json(String json) {
    if (isPlain(json)) {
      return json;
    }
    StringBuilder out = new StringBuilder(json.length() + 16);
    int marks = 0;
    for (int i = 0; i < json.length(); ) {
      int c = json.codePointAt(i);
      i += Character.charCount(c);
      marks = isMark(c) ? marks + 1 : 0;
      if (hidden(c) || marks > MARKS_MAX) {
        for (char unit : Character.toChars(c)) {
          out.append(String.format("\\u%04x", (int) unit));
        }
      } else {
        out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  private static String escape(String text, boolean keepLines) {
    if (isPlain(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    int marks = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      marks = isMark(c) ? marks + 1 : 0;
      if (c == '\n') {
        out.append(keepLines ? '\n' : ' ');
      } else if (c == '\t') {
        out.append(keepLines ? "  " : " ");
      } else if (hidden(c) || marks > MARKS_MAX) {
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

  /** Attack: hundreds of marks on one letter are drawn over the lines above and below. */
  private static boolean isMark(int c) {
    int type = Character.getType(c);
    return type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK;
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
