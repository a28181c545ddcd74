package dev.helm.cli.command;

import dev.helm.api.rest.ScheduleBodies;
import dev.helm.cli.render.SafeText;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Schedules and their fires in words; all of it is safe to print. */
final class ScheduleText {
  private static final DateTimeFormatter LOCAL =
      DateTimeFormatter.ofPattern("EEE d MMM uuuu HH:mm xxx", Locale.ENGLISH);

  private ScheduleText() {}

  /** {@code weekly · 0 8 * * MON Europe/Berlin · next Mon 30 Nov 2026 08:00 +01:00}. */
  static String line(ScheduleBodies.Schedule schedule) {
    List<String> parts = new ArrayList<>();
    parts.add(schedule.id());
    parts.add(schedule.cron() + " " + schedule.timeZone());
    parts.add(state(schedule));
    if (!schedule.fires().isEmpty()) {
      parts.add("last " + fire(schedule.fires().getFirst()));
    }
    return SafeText.line(String.join(" · ", parts));
  }

  private static String state(ScheduleBodies.Schedule schedule) {
    if (schedule.paused()) {
      return "paused" + (schedule.note() == null ? "" : " (" + schedule.note() + ")");
    }
    return schedule.next().isEmpty() ? "no next time" : "next " + time(schedule.next().getFirst());
  }

  /** All of one, a line each. */
  static List<String> all(ScheduleBodies.Schedule schedule) {
    List<String> lines = new ArrayList<>();
    lines.add(SafeText.line(schedule.id() + " · starts " + schedule.blueprint()));
    lines.add(SafeText.line("  cron      " + schedule.cron() + " " + schedule.timeZone()));
    lines.add(
        "  overlap   "
            + (schedule.overlap() == null ? "" : schedule.overlap().word())
            + ", catches up for "
            + span(schedule.catchUpMs()));
    lines.add(
        SafeText.line(
            "  runs of   "
                + schedule.by()
                + " in "
                + schedule.project()
                + (schedule.budgetUsd() == null ? "" : ", $" + schedule.budgetUsd() + " each")));
    if (schedule.fromBlueprint()) {
      lines.add("  stands in the blueprint: applying the blueprint makes it so again");
    }
    if (schedule.paused()) {
      lines.add(SafeText.line("  " + state(schedule)));
    }
    lines.addAll(next(schedule));
    schedule.fires().forEach(fire -> lines.add("  fired     " + SafeText.line(fire(fire))));
    return lines;
  }

  /** The next times, a line each. */
  static List<String> next(ScheduleBodies.Schedule schedule) {
    return schedule.next().stream()
        .map(next -> SafeText.line("  next      " + time(next) + " (" + next.at() + ")"))
        .toList();
  }

  private static String time(ScheduleBodies.FireTime time) {
    try {
      return LOCAL.format(OffsetDateTime.parse(time.local()));
    } catch (DateTimeParseException e) {
      return time.local();
    }
  }

  /** {@code 2026-11-30T07:00:00.000Z started 4f3a, succeeded}. */
  static String fire(ScheduleBodies.Fire fire) {
    StringBuilder text = new StringBuilder(fire.scheduledAt()).append(' ').append(fire.outcome());
    if (fire.run() != null) {
      text.append(fire.outcome().equals("started") ? " " : ": ");
      text.append(fire.run(), 0, Math.min(4, fire.run().length()));
    }
    if (fire.runStatus() != null && fire.outcome().equals("started")) {
      text.append(", ").append(fire.runStatus());
    }
    if (fire.reason() != null) {
      text.append(" (").append(fire.reason()).append(')');
    }
    if (fire.missed() > 0) {
      text.append(", ").append(fire.missed()).append(" before it missed");
    }
    if (fire.kind().equals("trigger")) {
      text.append(", by ").append(fire.by());
    }
    return text.toString();
  }

  private static String span(long ms) {
    long minutes = ms / 60_000;
    return minutes % 60 == 0 ? minutes / 60 + " h" : minutes + " min";
  }
}
