package dev.helm.cli.render;

import java.util.ArrayList;
import java.util.List;
import org.jline.utils.WCWidth;

/** Text measured in terminal columns: wide characters take two. */
public final class Columns {
  private static final String DOTS = "…";

  private Columns() {}

  /** How many columns a text takes; it holds no control characters. */
  public static int of(String text) {
    if (text.chars().allMatch(c -> c < 0x7f)) {
      return text.length();
    }
    return text.codePoints().map(Columns::width).sum();
  }

  /** The text cut in its middle, so that its beginning and its end stay readable. */
  public static String cutMiddle(String text, int most) {
    if (of(text) <= most) {
      return text;
    }
    if (most < 3) {
      return cutEnd(text, most);
    }
    int tail = (most - 1) / 2;
    return first(text, most - 1 - tail) + DOTS + lastOf(text, tail);
  }

  /** The text cut at its end. */
  public static String cutEnd(String text, int most) {
    if (of(text) <= most) {
      return text;
    }
    return most < 1 ? "" : first(text, most - 1) + DOTS;
  }

  /** The text in rows of at most this many columns, broken at spaces where there are any. */
  public static List<String> wrap(String text, int most) {
    List<String> rows = new ArrayList<>();
    String rest = text;
    while (of(rest) > most) {
      String row = first(rest, most);
      int space =
          row.length() < rest.length() && rest.charAt(row.length()) == ' '
              ? row.length()
              : row.lastIndexOf(' ');
      int end = space > row.length() / 3 ? space : Math.max(1, row.length());
      rows.add(rest.substring(0, end).stripTrailing());
      rest = rest.substring(end).stripLeading();
    }
    if (!rest.isEmpty() || rows.isEmpty()) {
      rows.add(rest);
    }
    return rows;
  }

  private static String first(String text, int most) {
    int used = 0;
    int end = 0;
    while (end < text.length()) {
      int c = text.codePointAt(end);
      used += width(c);
      if (used > most) {
        break;
      }
      end += Character.charCount(c);
    }
    return text.substring(0, end);
  }

  private static String lastOf(String text, int most) {
    int used = 0;
    int start = text.length();
    while (start > 0) {
      int c = text.codePointBefore(start);
      used += width(c);
      if (used > most) {
        break;
      }
      start -= Character.charCount(c);
    }
    return text.substring(start);
  }

  private static int width(int c) {
    return c < 0x7f ? 1 : Math.max(0, WCWidth.wcwidth(c));
  }
}
