package dev.helm.service.schedule;

import dev.helm.api.rest.ScheduleBodies;
import dev.helm.service.store.Times;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The times of a schedule: its cron on the clock of its place. */
public record Calendar(Cron cron, ZoneId zone) {
  /**
   * Of what was checked when it was stored.
   *
   * @throws DateTimeException when this Java knows the time zone no more
   */
  public static Calendar of(String cron, String timeZone) {
    try {
      return new Calendar(Cron.of(cron), ZoneId.of(timeZone));
    } catch (CronException e) {
      throw new IllegalStateException("a stored cron is right: " + cron, e);
    }
  }

  /** The first time after a moment, or null for none. */
  public @Nullable Instant next(Instant after) {
    return cron.next(after, zone);
  }

  /** Whether this very moment is one of its times. */
  public boolean isTime(Instant at) {
    return at.equals(next(at.minusMillis(1)));
  }

  /** The first times after a moment, as people and programs read them. */
  public List<ScheduleBodies.FireTime> next(Instant after, int count) {
    return cron.next(after, zone, count).stream()
        .map(
            at ->
                new ScheduleBodies.FireTime(
                    Times.text(at), DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(at.atZone(zone))))
        .toList();
  }

  /** The newest time between two moments, or null for none; both ends do not count. */
  public @Nullable Instant last(Instant after, Instant before) {
    Instant found = next(after);
    if (found == null || !found.isBefore(before)) {
      return null;
    }
    // Between here and before is none; two times are at least a minute apart.
    Instant none = before;
    while (Duration.between(found, none).compareTo(Duration.ofMinutes(1)) >= 0) {
      Instant middle = found.plus(Duration.between(found, none).dividedBy(2));
      Instant later = next(middle);
      if (later != null && later.isBefore(before)) {
        found = later;
      } else {
        none = middle;
      }
    }
    return found;
  }

  /** How many times lie between two moments, at most a thousand; both ends do not count. */
  public int between(Instant after, Instant before) {
    int count = 0;
    Instant at = next(after);
    while (at != null && at.isBefore(before) && count < 1000) {
      count++;
      at = next(at);
    }
    return count;
  }
}
