package dev.helm.cli.render;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Times and spans as people read them. */
public final class Times {
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");

  private Times() {}

  /** {@code 14:02:13} in a zone; the text itself when it is no time. */
  public static String clock(String at, ZoneId zone) {
    Instant instant = instant(at);
    return instant == null ? SafeText.line(at) : CLOCK.format(instant.atZone(zone));
  }

  /** {@code 14:02:13}, with its date in front where that is not today's. */
  public static String since(String at, Instant now, ZoneId zone) {
    Instant instant = instant(at);
    if (instant == null) {
      return SafeText.line(at);
    }
    ZonedDateTime then = instant.atZone(zone);
    boolean today = then.toLocalDate().equals(now.atZone(zone).toLocalDate());
    return (today ? "" : then.toLocalDate() + " ") + CLOCK.format(then);
  }

  /** {@code 00:02:14}; hours go on beyond 99. Never negative. */
  public static String span(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    return String.format("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  /** {@code 29:41}, or with hours {@code 7:59:41}; never negative. */
  public static String countdown(Duration left) {
    long seconds = Math.max(0, left.toSeconds());
    return seconds < 3600
        ? String.format("%02d:%02d", seconds / 60, seconds % 60)
        : String.format("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  /** The instant, or null when there is none or it is not one. */
  public static @Nullable Instant instant(@Nullable String at) {
    if (at == null || at.isEmpty()) {
      return null;
    }
    try {
      return Instant.parse(at);
    } catch (DateTimeParseException e) {
      return null;
    }
  }
}
