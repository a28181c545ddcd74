package dev.helm.service.schedule;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.Month;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Five fields of cron as sets of numbers, and when they come next on a clock on the wall: a time
 * that the clock jumps over in spring does not come that day; one that comes twice in autumn counts
 * once, of which Temporal, which is given the same sets, knows too.
 *
 * @param text as it was written
 * @param minutes 0 to 59
 * @param hours 0 to 23
 * @param days of the month, 1 to 31
 * @param months 1 to 12
 * @param weekdays 0 (Sunday) to 6
 */
public record Cron(
    String text, BitSet minutes, BitSet hours, BitSet days, BitSet months, BitSet weekdays) {
  /** Longest text. */
  public static final int CHARS_MAX = 100;

  /** The 29th of February can be eight years away; a jumped hour adds to that. */
  private static final int YEARS_MAX = 30;

  /** Reads five fields. */
  public static Cron of(String text) throws CronException {
    if (text.length() > CHARS_MAX) {
      throw new CronException("longer than " + CHARS_MAX + " characters", null);
    }
    String[] fields = text.strip().split("\\s+", -1);
    if (text.strip().startsWith("@")) {
      throw new CronException(
          "expected five fields, found \"" + text.strip() + "\"", "@daily is 0 0 * * *");
    }
    if (fields.length != 5) {
      throw new CronException(
          "expected five fields (minute, hour, day of month, month, day of week), found "
              + (text.isBlank() ? 0 : fields.length),
          "0 8 * * MON is every Monday at 08:00");
    }
    Cron cron =
        new Cron(
            text,
            CronField.MINUTE.read(fields[0]),
            CronField.HOUR.read(fields[1]),
            CronField.DAY.read(fields[2]),
            CronField.MONTH.read(fields[3]),
            CronField.WEEKDAY.read(fields[4]));
    if (!CronField.DAY.isAll(cron.days) && !CronField.WEEKDAY.isAll(cron.weekdays)) {
      throw new CronException(
          "a day of the month and a day of the week together mean different things to different"
              + " programs",
          "leave one of them *; two schedules can stand side by side");
    }
    if (!cron.comes()) {
      throw new CronException(
          "it never fires: no month of these has such a day",
          "April, June, September and November have 30 days, February 29");
    }
    return cron;
  }

  private boolean comes() {
    int first = days.nextSetBit(0);
    return months.stream().anyMatch(month -> first <= Month.of(month).maxLength());
  }

  /** The first time after a moment, or null when none comes for {@value #YEARS_MAX} years. */
  public @Nullable Instant next(Instant after, ZoneId zone) {
    LocalDateTime time =
        LocalDateTime.ofInstant(after, zone).truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
    LocalDate last = time.toLocalDate().plusYears(YEARS_MAX);
    while (!time.toLocalDate().isAfter(last)) {
      if (!on(time.toLocalDate())) {
        time = time.toLocalDate().plusDays(1).atStartOfDay();
      } else if (!hours.get(time.getHour())) {
        time = time.truncatedTo(ChronoUnit.HOURS).plusHours(1);
      } else if (!minutes.get(time.getMinute())) {
        time = time.plusMinutes(1);
      } else {
        Instant found = moment(time, zone.getRules());
        if (found != null && found.isAfter(after)) {
          return found;
        }
        time = time.plusMinutes(1);
      }
    }
    return null;
  }

  /** Null for a time that is jumped over; of one that comes twice, the one that Temporal takes. */
  private static @Nullable Instant moment(LocalDateTime time, ZoneRules rules) {
    List<ZoneOffset> offsets = rules.getValidOffsets(time);
    ZoneOffset near = rules.getOffset(time.toInstant(ZoneOffset.UTC));
    return offsets.isEmpty()
        ? null
        : time.toInstant(offsets.contains(near) ? near : offsets.getFirst());
  }

  /** The first times after a moment. */
  public List<Instant> next(Instant after, ZoneId zone, int count) {
    List<Instant> times = new ArrayList<>();
    Instant time = next(after, zone);
    while (time != null && times.size() < count) {
      times.add(time);
      time = next(time, zone);
    }
    return times;
  }

  private boolean on(LocalDate date) {
    return months.get(date.getMonthValue())
        && days.get(date.getDayOfMonth())
        && weekdays.get(date.getDayOfWeek().getValue() % 7);
  }
}
