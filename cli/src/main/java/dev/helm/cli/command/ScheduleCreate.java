package dev.helm.cli.command;

import dev.helm.api.rest.ScheduleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm schedule create}. */
@Command(
    name = "create",
    header = "helm schedule create weekly-status --cron \"0 8 * * MON\" --time-zone Europe/Berlin",
    description =
        "Makes a schedule; what is left out is taken from the blueprint's own. Each fire starts a"
            + " run of the newest version, as yours.")
public final class ScheduleCreate extends HelmCommand {
  private static final Pattern SPAN = Pattern.compile("([1-9][0-9]{0,5})([smh])");

  @Parameters(index = "0", paramLabel = "BLUEPRINT", description = "its name")
  String blueprint = "";

  @Option(names = "--name", paramLabel = "NAME", description = "of the schedule (the blueprint's)")
  @Nullable String name;

  @Option(
      names = "--cron",
      paramLabel = "CRON",
      description = "minute, hour, day of month, month, day of week")
  @Nullable String cron;

  @Option(
      names = "--time-zone",
      paramLabel = "ZONE",
      description = "whose clock (with --cron: this machine's)")
  @Nullable String timeZone;

  @Option(
      names = "--overlap",
      paramLabel = "POLICY",
      description = "while a run is open: skip, bufferOne, allowAll or cancelOther")
  @Nullable String overlap;

  @Option(
      names = "--catch-up",
      paramLabel = "SPAN",
      description = "how late it may still start, such as 30m or 2h")
  @Nullable String catchUp;

  @Option(
      names = "--input",
      paramLabel = "KEY=VALUE",
      arity = "1..*",
      description = "values of the blueprint's inputs; JSON values keep their type")
  List<String> inputs = List.of();

  @Option(names = "--prompt", paramLabel = "TEXT", description = "in place of the blueprint's task")
  @Nullable String prompt;

  @Option(names = "--budget", paramLabel = "USD", description = "most that each run may cost")
  @Nullable String budget;

  @Override
  protected ExitCode run() {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("blueprint", blueprint);
    put(body, "name", name);
    put(body, "cron", cron);
    put(body, "timeZone", timeZone == null && cron != null ? here() : timeZone);
    put(body, "overlap", overlap);
    put(body, "catchUpMs", catchUp == null ? null : spanMs(catchUp));
    put(body, "input", inputs.isEmpty() ? null : StartOptions.input(inputs));
    put(body, "prompt", prompt);
    put(
        body,
        "budgetUsd",
        budget == null ? null : StartOptions.dollars("--budget", budget).toString());
    Reply reply = client().schedules().create(body);
    ScheduleBodies.Schedule made = reply.as(ScheduleBodies.Schedule.class);
    print(reply, ScheduleText.line(made));
    if (!json) {
      ScheduleText.next(made).forEach(out()::say);
    }
    return ExitCode.DONE;
  }

  /** This machine's place; a machine that only knows an offset keeps UTC. */
  private static String here() {
    String zone = ZoneId.systemDefault().getId();
    return zone.contains("/") && !zone.startsWith("Etc/") ? zone : "UTC";
  }

  private static long spanMs(String text) {
    Matcher matcher = SPAN.matcher(text);
    if (!matcher.matches()) {
      throw Failure.usage("--catch-up \"" + text + "\" is no span.", "For example --catch-up 2h");
    }
    long unitMs =
        switch (matcher.group(2)) {
          case "s" -> 1_000;
          case "m" -> 60_000;
          default -> 3_600_000;
        };
    return Long.parseLong(matcher.group(1)) * unitMs;
  }

  private static void put(Map<String, Object> body, String name, @Nullable Object value) {
    if (value != null) {
      body.put(name, value);
    }
  }
}
