package dev.helm.service.ledger;

import dev.helm.service.store.Times;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * Days and months of the operator's time zone ({@code money.timeZone} of {@code config.yml}).
 *
 * @param zone where a day begins at midnight, or at its first moment if midnight is skipped
 */
public record Days(ZoneId zone) {
  /** The day of a moment, as ISO-8601 has it. */
  String of(Instant at) {
    return at.atZone(zone).toLocalDate().toString();
  }

  /** First moment of the period that holds the day, or null for {@link Period#TOTAL}. */
  @Nullable String startsAt(Period period, String day) {
    return bound(period, day, 0);
  }

  /** First moment of the period after it, or null. */
  @Nullable String resetsAt(Period period, String day) {
    return bound(period, day, 1);
  }

  private @Nullable String bound(Period period, String day, int later) {
    LocalDate date = LocalDate.parse(day);
    return switch (period) {
      case DAY -> first(date.plusDays(later));
      case MONTH -> first(date.withDayOfMonth(1).plusMonths(later));
      case TOTAL -> null;
    };
  }

  private String first(LocalDate date) {
    return Times.text(date.atStartOfDay(zone).toInstant());
  }
}
