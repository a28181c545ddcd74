package dev.helm.workflows.decide.guard;

/** Backslash escapes of {@code $'…'}, {@code echo -e} and {@code printf}. */
final class Escapes {
  private Escapes() {}

  /** {@code shortOctal}: {@code \101}; without it {@code \0101}, as echo wants it, goes too. */
  static String ansi(String text, boolean shortOctal) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i++);
      if (c != '\\' || i >= text.length()) {
        out.append(c);
        continue;
      }
      char kind = text.charAt(i++);
      switch (kind) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case 'a', 'b', 'f', 'v', 'e', 'E' -> out.append(' ');
        case 'c' -> i = Math.min(i + 1, text.length());
        case 'x' -> i = number(text, i, 16, 2, out);
        case 'u' -> i = number(text, i, 16, 4, out);
        case 'U' -> i = number(text, i, 16, 8, out);
        case '0', '1', '2', '3', '4', '5', '6', '7' -> {
          int from = !shortOctal && kind == '0' ? i : i - 1;
          i = number(text, from, 8, 3, out);
        }
        case '\\', '\'', '"', '?' -> out.append(kind);
        default -> out.append('\\').append(kind);
      }
    }
    return out.toString();
  }

  private static int number(String text, int from, int radix, int digitsMax, StringBuilder out) {
    int i = from;
    int value = 0;
    while (i < text.length()
        && i - from < digitsMax
        && Character.digit(text.charAt(i), radix) >= 0) {
      value = value * radix + Character.digit(text.charAt(i++), radix);
    }
    if (i > from && value > 0 && Character.isValidCodePoint(value)) {
      out.append(Marks.clean(Character.toString(value)));
    }
    return i;
  }
}
