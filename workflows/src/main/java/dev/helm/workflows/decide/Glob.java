package dev.helm.workflows.decide;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The kinds of pattern in rules. Matching takes time in proportion to pattern times value. */
final class Glob {
  // Steps of a pattern; what is not negative is a character that has to stand there.
  private static final int ANY_CHARS = -1;
  private static final int NAME_CHARS = -2;
  private static final int NAME_CHAR = -3;

  /** {@code **}{@code /}: nothing, or {@link #INSIDE} up to a slash. */
  private static final int DIRECTORIES = -4;

  private static final int INSIDE = -5;

  /** No character of a value stands for any text. */
  private static final int NOTHING = -1;

  private Glob() {}

  /** Text: {@code *} is any run of characters. */
  static boolean text(String pattern, String value) {
    return text(pattern, value, NOTHING);
  }

  private static boolean text(String pattern, String value, int any) {
    return matches(steps(pattern, false), value, any);
  }

  /**
   * Shell command: as text, but a star that stands alone at the end is whole words or nothing, so
   * that {@code ls *} and {@code ls:*} are {@code ls} and {@code ls -l} and never {@code lsof}.
   */
  static boolean command(String pattern, String value) {
    return command(pattern, value, NOTHING);
  }

  /** The same where {@code any} in the value stands for any text: whether it may match. */
  static boolean mayBeCommand(String pattern, String value, char any) {
    return command(pattern, value, any);
  }

  private static boolean command(String pattern, String value, int any) {
    String prefix =
        pattern.endsWith(":*") || pattern.endsWith(" *")
            ? pattern.substring(0, pattern.length() - 2).stripTrailing()
            : "";
    return prefix.isEmpty()
        ? text(pattern, value, any)
        : text(prefix, value, any)
            || text(prefix + " *", value, any)
            || text(prefix + "\t*", value, any)
            || text(prefix + "\n*", value, any);
  }

  /** Path: {@code *} stays within one directory, {@code **} crosses them. */
  static boolean path(String pattern, String value) {
    return matches(steps(pattern, true), value, NOTHING);
  }

  /** Host: an exact name, or {@code *.suffix} for every name below it. */
  static boolean host(String pattern, String host) {
    return pattern.startsWith("*.")
        ? host.endsWith(pattern.substring(1)) && host.length() > pattern.length() - 1
        : host.equals(pattern);
  }

  /** How many characters of a path pattern stand before its first star or question mark. */
  static int plainChars(String pattern) {
    int i = 0;
    while (i < pattern.length() && pattern.charAt(i) != '*' && pattern.charAt(i) != '?') {
      i++;
    }
    return i;
  }

  private static int[] steps(String pattern, boolean path) {
    int[] chars = pattern.codePoints().toArray();
    IntStream.Builder steps = IntStream.builder();
    for (int i = 0; i < chars.length; i++) {
      if (chars[i] == '*') {
        int from = i;
        while (i + 1 < chars.length && chars[i + 1] == '*') {
          i++;
        }
        boolean crosses = i > from;
        if (path && crosses && i + 1 < chars.length && chars[i + 1] == '/') {
          steps.add(DIRECTORIES).add(INSIDE);
          i++;
        } else {
          steps.add(path && !crosses ? NAME_CHARS : ANY_CHARS);
        }
      } else {
        steps.add(path && chars[i] == '?' ? NAME_CHAR : chars[i]);
      }
    }
    return steps.build().toArray();
  }

  /**
   * Follows all ways through the pattern at once. Attack: a command made for a pattern with several
   * stars keeps a matcher that tries one way after the other busy for hours.
   */
  private static boolean matches(int[] steps, String value, int any) {
    boolean[] at = new boolean[steps.length + 1];
    boolean[] next = new boolean[steps.length + 1];
    at[0] = true;
    boolean alive = skip(steps, at);
    for (int i = 0; i < value.length() && alive; ) {
      int c = value.codePointAt(i);
      i += Character.charCount(c);
      if (c == any) {
        // Whatever the pattern has from here on may be in it.
        Arrays.fill(at, first(at), at.length, true);
        continue;
      }
      Arrays.fill(next, false);
      for (int step = 0; step < steps.length; step++) {
        if (at[step]) {
          take(steps[step], c, step, next);
        }
      }
      alive = skip(steps, next);
      boolean[] free = at;
      at = next;
      next = free;
    }
    return at[steps.length];
  }

  private static int first(boolean[] at) {
    int i = 0;
    while (!at[i]) {
      i++;
    }
    return i;
  }

  private static void take(int step, int c, int index, boolean[] next) {
    switch (step) {
      case ANY_CHARS -> next[index] = true;
      case NAME_CHARS -> next[index] |= c != '/';
      case NAME_CHAR -> next[index + 1] |= c != '/';
      case INSIDE -> {
        next[index] = true;
        next[index + 1] |= c == '/';
      }
      case DIRECTORIES -> {}
      default -> next[index + 1] |= c == step;
    }
  }

  /** Adds where one comes without a character; whether there is any way left. */
  private static boolean skip(int[] steps, boolean[] at) {
    boolean alive = at[steps.length];
    for (int i = 0; i < steps.length; i++) {
      if (at[i]) {
        alive = true;
        at[i + 1] |= steps[i] == ANY_CHARS || steps[i] == NAME_CHARS || steps[i] == DIRECTORIES;
        if (steps[i] == DIRECTORIES) {
          at[i + 2] = true;
        }
      }
    }
    return alive;
  }
}
