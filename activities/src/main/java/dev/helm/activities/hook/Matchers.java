package dev.helm.activities.hook;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Whether a hook speaks of a tool: a regular expression that has to match the whole name. */
final class Matchers {
  private static final int STEPS_MAX = 100_000;
  private static final int KNOWN_MAX = 1_000;
  private static final Map<String, Pattern> KNOWN = new ConcurrentHashMap<>();

  private Matchers() {}

  /** An expression that cannot be judged matches: rather one hook too many is asked. */
  static boolean match(String matcher, String name) {
    if (matcher.isEmpty() || matcher.equals("*") || name.isEmpty()) {
      return true;
    }
    try {
      if (KNOWN.size() > KNOWN_MAX) {
        KNOWN.clear();
      }
      return KNOWN
          .computeIfAbsent(matcher, Pattern::compile)
          .matcher(new Counted(name, new int[1]))
          .matches();
    } catch (PatternSyntaxException | TooLongException | StackOverflowError e) {
      return true;
    }
  }

  private static final class TooLongException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Attack: a tool's name on which an expression backtracks for ever. */
  private record Counted(String text, int[] steps) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++steps[0] > STEPS_MAX) {
        throw new TooLongException();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.substring(start, end), steps);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
