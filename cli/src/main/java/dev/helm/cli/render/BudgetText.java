package dev.helm.cli.render;

import dev.helm.api.Usd;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a run that waits for money lacks, in a few words. */
public final class BudgetText {
  private static final int CHARS_MAX = 2_000;
  private static final Pattern SHORT =
      Pattern.compile(
          "the call may cost ([0-9]+\\.[0-9]+) dollars, ([0-9]+\\.[0-9]+) are left under"
              + " (.{1,200}?) \\([^()]*cap ([0-9]+\\.[0-9]+)\\)");

  private static final Pattern SHARED =
      Pattern.compile(
          "left under the (?:(day|month)'s )?cap of"
              + " (installation|(project|blueprint|account) ([\\w.@-]{1,100})) \\(");

  private BudgetText() {}

  /**
   * {@code the day's cap of installation, $1.00: needs $1.03, left $0.11}; the text as it is when
   * it says something else.
   */
  public static String of(String text) {
    if (text.length() <= CHARS_MAX) {
      Matcher matcher = SHORT.matcher(text);
      if (matcher.find()) {
        return SafeText.prose(matcher.group(3))
            + ", "
            + new Usd(micros(matcher.group(4))).shown()
            + ": needs "
            + new Usd(micros(matcher.group(1))).shown()
            + ", left "
            + left(new Usd(micros(matcher.group(2))));
      }
    }
    return SafeText.prose(text);
  }

  /**
   * The command that gives more room: to the run, or to the cap that it shares with others.
   *
   * @param run the run as the person can name it
   */
  public static String command(String text, String run) {
    Matcher shared = SHARED.matcher(text.length() <= CHARS_MAX ? text : "");
    if (!shared.find()) {
      return "helm budget " + run + " --add 5.00";
    }
    String period = shared.group(1) == null ? "total" : shared.group(1);
    String scope =
        shared.group(3) == null ? "installation" : shared.group(3) + ":" + shared.group(4);
    return "helm budget set " + scope + " --" + period + " USD";
  }

  /** What is left, rounded down to the cent, so that it never looks like more than there is. */
  public static String left(Usd amount) {
    return new Usd(Math.floorDiv(amount.micros(), 10_000) * 10_000).shown();
  }

  private static long micros(String dollars) {
    return new BigDecimal(dollars).movePointRight(6).setScale(0, RoundingMode.UP).longValue();
  }
}
