package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.io.Console;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm stop}. */
@Command(
    name = "helm stop",
    header = "helm stop",
    description = {
      "Emergency stop: pauses every run that you may pause, after the call that runs now.",
      "\"helm resume RUN\" lets one go on, \"helm cancel RUN\" ends it at once.",
      "Exit code 1 if a run could not be told, since it was being rolled back."
    })
public final class StopCommand extends HelmCommand {
  /** The service itself tries for some seconds each time. */
  private static final int TRIES = 3;

  private static final Set<String> TOLD = Set.of("accepted", "ended");

  @Option(names = "--yes", description = "do not ask, also in a terminal")
  boolean yes;

  @Override
  protected ExitCode run() {
    if (!yes && !json && out().interactive() && !agreed()) {
      out().say("Nothing was paused.");
      return ExitCode.REFUSED;
    }
    Reply reply = client().stop();
    for (int tries = 1; tries < TRIES && !missed(reply).isEmpty(); tries++) {
      out().say("Not all runs could be told; trying again…");
      reply = client().stop();
    }
    List<Bodies.StoppedRun> missed = missed(reply);
    if (json) {
      ExitCode printed = print(reply, "");
      return missed.isEmpty() ? printed : ExitCode.FAILED;
    }
    List<Bodies.StoppedRun> runs = reply.items(Bodies.StoppedRun.class);
    Map<String, String> ids = ShownIds.of(runs.stream().map(Bodies.StoppedRun::id).toList());
    runs.forEach(run -> out().line(named(run, ids) + " · " + state(run)));
    if (runs.isEmpty()) {
      out().say("No run was at work.");
    } else if (runs.size() > missed.size()) {
      advise("Each pauses after the call that runs now; helm resume RUN lets it go on.");
    }
    for (Bodies.StoppedRun run : missed) {
      out().say("NOT PAUSED: " + named(run, ids) + ": " + why(run));
    }
    return missed.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
  }

  /** Runs that go on as far as anybody knows; each try of the service lasts some seconds. */
  private static List<Bodies.StoppedRun> missed(Reply reply) {
    return reply.items(Bodies.StoppedRun.class).stream()
        .filter(run -> !TOLD.contains(run.state()))
        .toList();
  }

  private static String named(Bodies.StoppedRun run, Map<String, String> ids) {
    return SafeText.line(ids.getOrDefault(run.id(), run.id())) + " · " + SafeText.line(run.name());
  }

  private static String state(Bodies.StoppedRun run) {
    return switch (run.state()) {
      case "accepted" -> "pauses";
      case "rollback_under_way" -> "not paused, is being rolled back";
      default -> SafeText.line(run.state());
    };
  }

  private static String why(Bodies.StoppedRun run) {
    return run.state().equals("rollback_under_way")
        ? "it is being rolled back or begun anew, and cannot be told before that is done. Run helm"
            + " stop again, or helm pause it."
        : "the service says " + SafeText.line(run.state()) + ".";
  }

  private static boolean agreed() {
    Console console = System.console();
    String answer = console == null ? "y" : console.readLine("Pause all runs? [y/N] ");
    return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
  }
}
