package dev.helm.cli.command;

import dev.helm.api.rest.ScheduleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm schedule}. */
@Command(
    name = "helm schedule",
    header = "helm schedule create weekly-status --cron \"0 8 * * MON\" --time-zone Europe/Berlin",
    description = "Has runs start by themselves; shows when, and what came of it.",
    subcommands = {
      ScheduleCommand.ListAll.class,
      ScheduleCommand.Show.class,
      ScheduleCreate.class,
      ScheduleCommand.Pause.class,
      ScheduleCommand.Resume.class,
      ScheduleCommand.Trigger.class,
      ScheduleCommand.Remove.class
    })
public final class ScheduleCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    throw Failure.usage(
        "helm schedule needs a verb: list, show, create, pause, resume, trigger or rm.",
        "helm schedule list");
  }

  /** {@code helm schedule list}. */
  @Command(
      name = "list",
      header = "helm schedule list",
      description = "Lists schedules with their next time and their last fire.")
  public static final class ListAll extends HelmCommand {
    @Override
    protected ExitCode run() {
      Reply reply = client().schedules().all();
      if (json) {
        return print(reply, "");
      }
      List<ScheduleBodies.Schedule> all = reply.items(ScheduleBodies.Schedule.class);
      all.forEach(each -> out().line(ScheduleText.line(each)));
      if (all.isEmpty()) {
        advise("No schedules yet. Make one: helm schedule create BLUEPRINT --cron \"0 8 * * MON\"");
      }
      return ExitCode.DONE;
    }
  }

  /** One that is named. */
  abstract static class OfOne extends HelmCommand {
    @Parameters(index = "0", paramLabel = "SCHEDULE", description = "its name")
    String id = "";

    /** Changes it, and says how it is. */
    final ExitCode change(Map<String, Object> change) {
      Reply reply = client().schedules().change(id, change);
      return print(reply, ScheduleText.line(reply.as(ScheduleBodies.Schedule.class)));
    }
  }

  /** {@code helm schedule show}. */
  @Command(
      name = "show",
      header = "helm schedule show weekly-status",
      description = "Shows a schedule, its next three times and its last fires with their runs.")
  public static final class Show extends OfOne {
    @Override
    protected ExitCode run() {
      Reply reply = client().schedules().one(id);
      if (json) {
        return print(reply, "");
      }
      ScheduleText.all(reply.as(ScheduleBodies.Schedule.class)).forEach(out()::line);
      return ExitCode.DONE;
    }
  }

  /** {@code helm schedule pause}. */
  @Command(
      name = "pause",
      header = "helm schedule pause weekly-status --note \"until the move is over\"",
      description = "Lets a schedule start nothing until it is resumed.")
  public static final class Pause extends OfOne {
    @Option(names = "--note", paramLabel = "TEXT", description = "why, for people")
    @Nullable String note;

    @Override
    protected ExitCode run() {
      return change(paused(true, note));
    }
  }

  /** {@code helm schedule resume}. */
  @Command(
      name = "resume",
      header = "helm schedule resume weekly-status",
      description = "Lets it go on; times that came meanwhile are not caught up with.")
  public static final class Resume extends OfOne {
    @Option(names = "--note", paramLabel = "TEXT", description = "why, for people")
    @Nullable String note;

    @Override
    protected ExitCode run() {
      return change(paused(false, note));
    }
  }

  private static Map<String, Object> paused(boolean paused, @Nullable String note) {
    Map<String, Object> change = new LinkedHashMap<>();
    change.put("paused", paused);
    if (note != null) {
      change.put("note", note);
    }
    return change;
  }

  /** {@code helm schedule trigger}. */
  @Command(
      name = "trigger",
      header = "helm schedule trigger weekly-status",
      description = "Starts a run of it now, as yours, and prints the run's id.")
  public static final class Trigger extends OfOne {
    @Override
    protected ExitCode run() {
      Reply reply = client().schedules().trigger(id);
      ScheduleBodies.Fire fire = reply.as(ScheduleBodies.Fire.class);
      boolean started = fire.outcome().equals("started") && fire.run() != null;
      if (json || started) {
        print(reply, String.valueOf(fire.run()));
      }
      if (!started) {
        out().say(SafeText.line(ScheduleText.fire(fire)));
      }
      return fire.outcome().equals("skipped") ? ExitCode.REFUSED : ExitCode.DONE;
    }
  }

  /** {@code helm schedule rm}. */
  @Command(
      name = "rm",
      header = "helm schedule rm weekly-status",
      description = "Removes a schedule; runs that it has started go on.")
  public static final class Remove extends OfOne {
    @Override
    protected ExitCode run() {
      return print(client().schedules().remove(id), "removed · " + SafeText.line(id));
    }
  }
}
