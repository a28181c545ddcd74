package dev.helm.workflows.decide;

import java.util.regex.Pattern;

/** The three kinds of pattern in rules. Patterns are turned into regexes without nested repeats. */
final class Glob {
  private Glob() {}

  /** Text: {@code *} is any run of characters. */
  static boolean text(String pattern, String value) {
    return compile(pattern, false).matcher(value).matches();
  }

  /**
   * Shell command: as text, but a star that stands alone at the end is whole words or nothing, so
   * that {@code ls *} and {@code ls:*} are {@code ls} and {@code ls -l} and never {@code lsof}.
   */
  static boolean command(String pattern, String value) {
    String prefix =
        pattern.endsWith(":*") || pattern.endsWith(" *")
            ? pattern.substring(0, pattern.length() - 2).stripTrailing()
            : "";
    return prefix.isEmpty()
        ? text(pattern, value)
        : text(prefix, value)
            || text(prefix + " *", value)
            || text(prefix + "\t*", value)
            || text(prefix + "\n*", value);
  }

  /** Path: {@code *} stays within one directory, {@code **} crosses them. */
  static boolean path(String pattern, String value) {
    return compile(pattern, true).matcher(value).matches();
  }

  /** Host: an exact name, or {@code *.suffix} for every name below it. */
  static boolean host(String pattern, String host) {
    return pattern.startsWith("*.")
        ? host.endsWith(pattern.substring(1)) && host.length() > pattern.length() - 1
        : host.equals(pattern);
  }

  private static Pattern compile(String pattern, boolean path) {
    StringBuilder regex = new StringBuilder("(?s)");
    int i = 0;
    while (i < pattern.length()) {
      char c = pattern.charAt(i);
      if (c == '*') {
        int stars = 0;
        while (i < pattern.length() && pattern.charAt(i) == '*') {
          stars++;
          i++;
        }
        if (path && stars > 1 && i < pattern.length() && pattern.charAt(i) == '/') {
          regex.append("(?:.*/)?");
          i++;
        } else {
          regex.append(path && stars == 1 ? "[^/]*" : ".*");
        }
      } else {
        regex.append(c == '?' && path ? "[^/]" : Pattern.quote(String.valueOf(c)));
        i++;
      }
    }
    return Pattern.compile(regex.toString());
  }
}
