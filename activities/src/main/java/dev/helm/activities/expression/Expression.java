package dev.helm.activities.expression;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Regular expressions that give up: some texts let an expression go back and forth for ever. */
public final class Expression {
  private static final int STEPS_MAX = 2_000_000;

  private Expression() {}

  /** What an expression says of a text. */
  public enum Answer {
    YES,
    NO,
    /** It took too long, or is no expression that is known here. */
    UNSURE
  }

  /** Whether the expression is found anywhere in the text. */
  public static Answer find(String expression, String text) {
    return judge(expression, text, Matcher::find);
  }

  /** Whether the expression matches all of the text. */
  public static Answer whole(String expression, String text) {
    return judge(expression, text, Matcher::matches);
  }

  private interface Judge {
    boolean of(Matcher matcher);
  }

  private static Answer judge(String expression, String text, Judge judge) {
    try {
      Matcher matcher =
          Pattern.compile(expression).matcher(new Counted(text, new int[] {STEPS_MAX}));
      return judge.of(matcher) ? Answer.YES : Answer.NO;
    } catch (PatternSyntaxException | TooLongException | StackOverflowError e) {
      return Answer.UNSURE;
    }
  }

  private static final class TooLongException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private record Counted(String text, int[] left) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (--left[0] < 0) {
        throw new TooLongException();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.substring(start, end), left);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
