package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When runs of a blueprint are to start by themselves, as the blueprint suggests it.
 *
 * @param cron minute, hour, day of month, month and day of week, as the author wrote them
 * @param timeZone the zone whose clock they mean, such as {@code Europe/Berlin}
 * @param overlap what happens while the run of an earlier fire is still open
 * @param catchUpMs how late a fire may still start, in milliseconds
 * @param inputs values of the blueprint's inputs
 * @param prompt the task, in place of the blueprint's; null for that
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ScheduleSpec(
    String cron,
    String timeZone,
    Overlap overlap,
    long catchUpMs,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Object> inputs,
    @Nullable String prompt) {
  /** How late a fire may start where nothing else is said. */
  public static final Duration CATCH_UP = Duration.ofHours(1);

  /** Shortest of them. */
  public static final Duration CATCH_UP_MIN = Duration.ofMinutes(1);

  /** Longest of them. */
  public static final Duration CATCH_UP_MAX = Duration.ofDays(7);

  public ScheduleSpec {
    inputs = Kept.map(inputs);
  }
}
