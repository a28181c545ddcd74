package dev.helm.workflows.decide;

import dev.helm.api.Usd;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which cap had no room for a call, as the ledger tells it and the header {@code x-helm-budget}
 * carries it to the caller.
 *
 * @param scope {@code run}, {@code blueprint:NAME}, {@code project:NAME}, {@code account:NAME} or
 *     {@code installation}
 * @param period {@code day}, {@code month} or {@code total}; null for a run
 * @param usefulUsd the worst case of the same call with the smallest useful output
 * @param wholeUsd the worst case of the call as it was asked for
 */
public record Shortage(
    String scope, @Nullable String period, Usd spentUsd, Usd capUsd, Usd usefulUsd, Usd wholeUsd) {
  /** The smallest answer that is worth paying for, in tokens. */
  public static final int USEFUL_TOKENS_MIN = 256;

  private static final String AMOUNT = "(-?[0-9]{1,13}\\.[0-9]{6})";
  private static final Pattern FORM =
      Pattern.compile(
          "([a-z]{1,20}(?::[a-z0-9._:-]{1,80})?)(?:/(day|month|total))? spent="
              + AMOUNT
              + " cap="
              + AMOUNT
              + " useful="
              + AMOUNT
              + " whole="
              + AMOUNT);

  /** One line of printable ASCII. */
  public String text() {
    return (period == null ? scope : scope + "/" + period)
        + " spent="
        + spentUsd
        + " cap="
        + capUsd
        + " useful="
        + usefulUsd
        + " whole="
        + wholeUsd;
  }

  /** Reads the line, or gives null for anything else. */
  public static @Nullable Shortage parse(@Nullable String line) {
    Matcher found = FORM.matcher(line == null ? "" : line);
    if (!found.matches()) {
      return null;
    }
    return new Shortage(
        found.group(1),
        found.group(2),
        Usd.parse(found.group(3)),
        Usd.parse(found.group(4)),
        Usd.parse(found.group(5)),
        Usd.parse(found.group(6)));
  }
}
