package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Overlap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Schedules as REST has them. */
public final class ScheduleBodies {
  private ScheduleBodies() {}

  /**
   * {@code POST /api/schedules}. What is absent is taken from the blueprint's {@code schedule},
   * then from Helm's defaults.
   *
   * @param blueprint a name; each fire takes its newest version
   * @param name of the schedule, the blueprint's where it is absent
   */
  public record NewSchedule(
      String blueprint,
      @Nullable String name,
      @Nullable String cron,
      @Nullable String timeZone,
      @Nullable Overlap overlap,
      @Nullable Long catchUpMs,
      @Nullable Map<String, Object> input,
      @Nullable String prompt,
      @Nullable Usd budgetUsd) {}

  /**
   * {@code PATCH /api/schedules/{id}}: what is absent stays.
   *
   * @param note why it is paused or goes on, for people
   */
  public record ChangeSchedule(
      @Nullable String cron,
      @Nullable String timeZone,
      @Nullable Overlap overlap,
      @Nullable Long catchUpMs,
      @Nullable Map<String, Object> input,
      @Nullable String prompt,
      @Nullable Usd budgetUsd,
      @Nullable Boolean paused,
      @Nullable String note) {}

  /**
   * A schedule.
   *
   * @param id its name
   * @param fromBlueprint whether {@code helm blueprint apply} looks after it
   * @param by who said it last; its runs are that person's
   * @param next the next times at which it fires, none while it is paused
   * @param fires the newest fires first: in a list the last one only
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Schedule(
      String id,
      String project,
      String blueprint,
      String cron,
      String timeZone,
      Overlap overlap,
      long catchUpMs,
      Map<String, Object> input,
      @Nullable String prompt,
      @Nullable Usd budgetUsd,
      boolean paused,
      @Nullable String note,
      boolean fromBlueprint,
      String by,
      String createdAt,
      String changedAt,
      List<FireTime> next,
      List<Fire> fires) {}

  /**
   * A time at which a schedule fires.
   *
   * @param at UTC
   * @param local the same moment on the schedule's own clock, with its offset
   */
  public record FireTime(String at, String local) {}

  /**
   * What came of a fire.
   *
   * @param scheduledAt the time that it stands for, UTC
   * @param kind {@code schedule}, or {@code trigger} where a person asked for it
   * @param outcome {@code started}; {@code waiting} for an open run to end; {@code skipped} for
   *     one; {@code missed}, since nothing could start in time; {@code refused}, since a run of it
   *     may not start
   * @param run the run that it started; of a skipped one the run that was open
   * @param missed how many fires before it came to nothing unseen
   * @param reason why it did not start
   * @param at when this came out
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Fire(
      String scheduledAt,
      String kind,
      String outcome,
      @Nullable String run,
      @Nullable String runStatus,
      int missed,
      @Nullable String reason,
      @Nullable String by,
      String at) {}
}
