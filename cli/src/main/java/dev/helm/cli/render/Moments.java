package dev.helm.cli.render;

import dev.helm.cli.Failure;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Moments as people type them. */
public final class Moments {
  private static final Pattern AGO = Pattern.compile("([0-9]{1,6})(s|m|h|d|w)");
  private static final Pattern CLOCK = Pattern.compile("[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?");

  private Moments() {}

  /**
   * {@code 10m} or {@code 2d} ago, {@code 14:00} (the last time that it was so), {@code
   * 2026-03-02}, {@code 2026-03-02T14:00}, or an instant with its zone.
   *
   * @throws Failure wrong use, when it is none of these
   */
  public static Instant read(String option, String typed, Instant now, ZoneId zone) {
    String text = typed.strip();
    try {
      Matcher ago = AGO.matcher(text);
      if (ago.matches()) {
        return now.minus(span(Long.parseLong(ago.group(1)), ago.group(2)));
      }
      if (CLOCK.matcher(text).matches()) {
        return lastTime(LocalTime.parse(text.length() % 3 == 1 ? "0" + text : text), now, zone);
      }
      if (!text.contains("T")) {
        return LocalDate.parse(text).atStartOfDay(zone).toInstant();
      }
      return text.matches(".*(Z|[+-][0-9:]+)$") && !text.matches(".*T[0-9:.]+$")
          ? OffsetDateTime.parse(text).toInstant()
          : LocalDateTime.parse(text).atZone(zone).toInstant();
    } catch (DateTimeException | ArithmeticException e) {
      throw Failure.usage(
          option + " \"" + SafeText.line(typed) + "\" is no time.",
          "Write 10m, 2d, 14:00, 2026-03-02 or 2026-03-02T14:00.");
    }
  }

  private static Duration span(long number, String unit) {
    return switch (unit) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      case "d" -> Duration.ofDays(number);
      default -> Duration.ofDays(7 * number);
    };
  }

  /** Today, or yesterday where that is still to come. */
  private static Instant lastTime(LocalTime time, Instant now, ZoneId zone) {
    LocalDate today = now.atZone(zone).toLocalDate();
    Instant at = today.atTime(time).atZone(zone).toInstant();
    return at.isAfter(now) ? today.minusDays(1).atTime(time).atZone(zone).toInstant() : at;
  }

  /** {@code 12 min}, {@code 3 h 05 min}, {@code 2 days}: a gap in words. */
  public static String words(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 7_200) {
      return seconds / 60 + " min";
    }
    return seconds < 172_800
        ? String.format("%d h %02d min", seconds / 3600, seconds / 60 % 60)
        : seconds / 86_400 + " days";
  }
}
