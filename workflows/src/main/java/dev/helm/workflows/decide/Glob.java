package dev.helm.workflows.decide;

import java.util.regex.Pattern;

/** The three kinds of pattern in rules. Patterns are turned into regexes without nested repeats. */
final class Glob {
  private Glob() {}

  /** Text: {@code *} is any run of characters. */
  static boolean text(String pattern, String value) {
    return compile(pattern, false).matcher(value).matches();
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
