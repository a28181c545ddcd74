package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Overlap;
import dev.helm.api.blueprint.ScheduleSpec;
import dev.helm.api.rest.Problem;
import dev.helm.service.schedule.Cron;
import dev.helm.service.schedule.CronException;
import dev.helm.service.schedule.Zones;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The section {@code schedule}. */
final class ScheduleReader {
  private static final int PROMPT_CHARS_MAX = 20_000;

  private final Mistakes mistakes;
  private final Map<String, Map<String, Object>> inputs;
  private final boolean needsPrompt;

  /**
   * A reader for a blueprint with these inputs.
   *
   * @param needsPrompt whether the blueprint has no task of its own
   */
  ScheduleReader(Mistakes mistakes, Map<String, Map<String, Object>> inputs, boolean needsPrompt) {
    this.mistakes = mistakes;
    this.inputs = inputs;
    this.needsPrompt = needsPrompt;
  }

  @Nullable ScheduleSpec read(Fields fields) {
    Tree.Obj group = fields.group("schedule");
    if (group == null) {
      return null;
    }
    Fields schedule =
        Fields.of(
            group,
            "schedule",
            List.of("cron", "timeZone", "overlap", "catchUp", "inputs", "prompt"),
            Map.of(),
            mistakes);
    return new ScheduleSpec(
        cron(schedule, group),
        timeZone(schedule, group),
        overlap(schedule),
        schedule.durationMs(
            "catchUp",
            ScheduleSpec.CATCH_UP_MIN.toMillis(),
            ScheduleSpec.CATCH_UP_MAX.toMillis(),
            ScheduleSpec.CATCH_UP.toMillis()),
        inputs(schedule),
        prompt(schedule, group));
  }

  private String cron(Fields schedule, Tree.Obj group) {
    if (schedule.get("cron") == null) {
      mistakes.add(
          group.at(), "schedule.cron", "\"cron\" is missing", "0 8 * * MON is Mondays at 08:00");
    }
    String cron = schedule.text("cron", Cron.CHARS_MAX);
    if (cron == null) {
      return "";
    }
    try {
      return Cron.of(cron).text();
    } catch (CronException e) {
      mistakes.add(schedule.posOf("cron"), "schedule.cron", e.wrong(), e.hint());
      return "";
    }
  }

  private String timeZone(Fields schedule, Tree.Obj group) {
    if (schedule.get("timeZone") == null) {
      mistakes.add(
          group.at(),
          "schedule.timeZone",
          "\"timeZone\" is missing: whose clock is it?",
          "for example Europe/Berlin, or UTC");
    }
    String zone = schedule.text("timeZone", 100);
    if (zone != null && !Zones.known(zone)) {
      mistakes.add(
          schedule.posOf("timeZone"),
          "schedule.timeZone",
          "expected a place such as Europe/Berlin, or UTC, found \"" + zone + "\"",
          Zones.hint(zone) == null ? Nearest.hint(zone, Zones.names()) : Zones.hint(zone));
    }
    return Objects.requireNonNullElse(zone, "");
  }

  private Overlap overlap(Fields schedule) {
    String word = schedule.text("overlap", 100);
    if (word == null) {
      return Overlap.SKIP;
    }
    try {
      return Overlap.of(word);
    } catch (IllegalArgumentException e) {
      mistakes.add(
          schedule.posOf("overlap"),
          "schedule.overlap",
          e.getMessage() + ", found \"" + word + "\"",
          Nearest.hint(word, Overlap.words()));
      return Overlap.SKIP;
    }
  }

  private @Nullable String prompt(Fields schedule, Tree.Obj group) {
    String prompt = schedule.text("prompt", PROMPT_CHARS_MAX);
    if (prompt != null && prompt.isBlank()) {
      mistakes.add(schedule.posOf("prompt"), "schedule.prompt", "is empty", "leave it out");
    }
    if (schedule.get("prompt") == null && needsPrompt) {
      mistakes.add(
          group.at(),
          "schedule.prompt",
          "the blueprint has no task, so a run that starts by itself has none",
          "add \"prompt:\" here or \"task:\" to the blueprint");
    }
    return prompt;
  }

  private Map<String, Object> inputs(Fields schedule) {
    Map<String, Object> given = new LinkedHashMap<>();
    Tree.Obj group = schedule.group("inputs");
    if (group != null) {
      Tree.plainMap(group)
          .forEach(
              (name, value) -> {
                if (value == null) {
                  mistakes.add(
                      group.at(), "schedule.inputs." + name, "expected a value, found nothing");
                } else {
                  given.put(name, value);
                }
              });
    }
    if (mistakes.none()) {
      for (Problem.Place wrong : InputSchema.of(inputs).check(given)) {
        String name = wrong.path().substring("input".length());
        mistakes.add(
            schedule.posOf("inputs"),
            "schedule.inputs" + name,
            name.isEmpty() ? wrong.message() : name.substring(1) + " " + wrong.message(),
            wrong.hint());
      }
    }
    return given;
  }
}
