package dev.helm.cli.command;

import dev.helm.api.RunStatus;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Moments;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm runs}. */
@Command(
    name = "helm runs",
    header = "helm runs --status running --since 2d",
    description = "Lists runs, newest first.")
public final class RunsCommand extends HelmCommand {
  private static final int LIMIT_MAX = 1000;

  /** What a run waits for that a person can give; its status alone would hide that. */
  private static final Set<String> ASKS = Set.of("permission", "question", "unknown", "budget");

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      defaultValue = "",
      description =
          "queued, running, paused, succeeded, failed or cancelled; active for the first three;"
              + " several with commas")
  String status = "";

  @Option(
      names = "--blueprint",
      paramLabel = "NAME",
      defaultValue = "",
      description = "only its runs")
  String blueprint = "";

  @Option(
      names = "--search",
      paramLabel = "WORDS",
      defaultValue = "",
      description = "only runs with these words in name, id, prompt or events")
  String words = "";

  @Option(
      names = "--project",
      paramLabel = "NAME",
      defaultValue = "",
      description = "only its runs")
  String project = "";

  @Option(
      names = "--since",
      paramLabel = "TIME",
      defaultValue = "",
      description = "only runs made since then: 2d, 14:00, 2026-03-02")
  String since = "";

  @Option(
      names = "--until",
      paramLabel = "TIME",
      defaultValue = "",
      description = "only runs made before then")
  String until = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100",
      description = "at most N runs (100)")
  int limit = 100;

  @Override
  protected ExitCode run() {
    status = status.replace(" ", "");
    for (String word : status.isEmpty() ? new String[0] : status.split(",", -1)) {
      if (!word.equals("active")
          && Arrays.stream(RunStatus.values()).noneMatch(s -> s.word().equals(word))) {
        throw Failure.usage(
            "There is no status \"" + SafeText.line(word) + "\".",
            "Statuses are queued, running, paused, succeeded, failed and cancelled, or active;"
                + " several with commas.");
      }
    }
    if (limit < 1 || limit > LIMIT_MAX) {
      throw Failure.usage("--limit " + limit + " is no number from 1 to " + LIMIT_MAX + ".", "");
    }
    Reply reply = client().runs(filters(), limit);
    if (json) {
      return print(reply, "");
    }
    List<Bodies.Run> runs = reply.items(Bodies.Run.class);
    Map<String, String> ids = ShownIds.of(runs.stream().map(Bodies.Run::id).toList());
    for (Bodies.Run run : runs) {
      out().painted(line(run, ids.getOrDefault(run.id(), run.id())));
    }
    if (Boolean.TRUE.equals(reply.tree().get("partial"))) {
      out().say("Not all events were looked through, so runs may be missing: use more words.");
    }
    if (runs.isEmpty()) {
      out().say(nothing());
    } else if (reply.tree().get("nextCursor") != null) {
      out().say("There are more: raise --limit, or narrow with --status, --since or --search.");
    }
    return ExitCode.DONE;
  }

  private Map<String, String> filters() {
    return Map.of(
        "status", status,
        "blueprint", blueprint,
        "q", words,
        "project", project,
        "since", moment("--since", since),
        "until", moment("--until", until));
  }

  private static String moment(String option, String typed) {
    return typed.isEmpty()
        ? ""
        : Moments.read(option, typed, Instant.now(), ZoneId.systemDefault()).toString();
  }

  private String nothing() {
    boolean narrowed = !(words + blueprint + project + since + until).isEmpty();
    if (narrowed) {
      return "No runs are like that.";
    }
    return status.isEmpty()
        ? context().env().hint("No runs yet. Start one: helm run q1-competitor-brief")
        : "No runs are " + status.replace(",", " or ") + ".";
  }

  /** The contract's line for a running run; other statuses say so behind it. */
  private String line(Bodies.Run run, String id) {
    String line =
        SafeText.line(id) + " · " + SafeText.line(run.name()) + " · " + Times.span(age(run));
    if (run.status() == RunStatus.RUNNING) {
      return line;
    }
    String waiting = run.waitingFor() == null ? "" : " · " + SafeText.line(run.waitingFor());
    String word = run.status().word();
    boolean asks =
        run.status() == RunStatus.PAUSED
            && run.waitingFor() != null
            && ASKS.contains(run.waitingFor());
    return line
        + " · "
        + out().dataPaint().paint(RunRenderer.statusRole(word), asks ? "waiting" : word)
        + waiting;
  }

  /** How long a run has been at it: from its start to its end or now, less what it lay ended. */
  static Duration age(Bodies.Run run) {
    @Nullable Instant began = Times.instant(run.startedAt());
    if (began == null) {
      began = Times.instant(run.createdAt());
    }
    Instant end = Times.instant(run.finishedAt());
    return began == null
        ? Duration.ZERO
        : Duration.between(began, end == null ? Instant.now() : end).minusMillis(run.idleMs());
  }
}
