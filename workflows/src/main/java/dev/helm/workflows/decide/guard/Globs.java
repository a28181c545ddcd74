package dev.helm.workflows.decide.guard;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The shell's patterns. */
final class Globs {
  private static final int CHARS_MAX = 300;

  private Globs() {}

  static boolean matches(String glob, String text) {
    String bounded = text.length() > 1_000 ? text.substring(0, 1_000) : text;
    return compile(glob, false).matcher(bounded).matches();
  }

  /** Within a path: no star crosses a slash. */
  static boolean path(String glob, String path) {
    return compile(glob, true).matcher(path).matches();
  }

  static String cut(String value, String glob, boolean front, boolean longest) {
    if (value.length() > CHARS_MAX) {
      return value;
    }
    Pattern pattern = compile(glob, false);
    int length = value.length();
    for (int n = 0; n <= length; n++) {
      int size = longest ? length - n : n;
      String part = front ? value.substring(0, size) : value.substring(length - size);
      if (pattern.matcher(part).matches()) {
        return front ? value.substring(size) : value.substring(0, length - size);
      }
    }
    return value;
  }

  static String replace(String value, String glob, String with, boolean all) {
    if (value.length() > 1_000 || glob.isEmpty()) {
      return value;
    }
    Matcher matcher = compile(glob, false).matcher(value);
    String safe = Matcher.quoteReplacement(with);
    return all ? matcher.replaceAll(safe) : matcher.replaceFirst(safe);
  }

  private static Pattern compile(String glob, boolean path) {
    StringBuilder regex = new StringBuilder("(?s)");
    int stars = 0;
    String text = Marks.plain(glob.length() > CHARS_MAX ? glob.substring(0, CHARS_MAX) : glob);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int close = c == '[' ? text.indexOf(']', i + 2) : -1;
      if (c == '*') {
        // Many stars would make the match slow; the rest then stands for anything.
        if (++stars > 3) {
          return Pattern.compile(regex + ".*");
        }
        regex.append(path ? "[^/]*" : ".*");
      } else if (c == '?') {
        regex.append(path ? "[^/]" : ".");
      } else if (close > 0) {
        String set =
            text.substring(i + 1, close)
                .replace("\\", "\\\\")
                .replace("[", "\\[")
                .replace("&", "\\&");
        regex.append('[').append(set.startsWith("!") ? "^" + set.substring(1) : set).append(']');
        i = close;
      } else if (c == '\\' && i + 1 < text.length()) {
        regex.append(Pattern.quote(text.substring(++i, i + 1)));
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    try {
      return Pattern.compile(regex.toString());
    } catch (PatternSyntaxException e) {
      return Pattern.compile(Pattern.quote(text));
    }
  }
}
