package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.io.Console;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm stop}. */
@Command(
    name = "helm stop",
    header = "helm stop",
    description = {
      "Emergency stop: pauses every run that you may pause, after the call that runs now.",
      "\"helm resume RUN\" lets one go on, \"helm cancel RUN\" ends it at once."
    })
public final class StopCommand extends HelmCommand {
  @Option(names = "--yes", description = "do not ask, also in a terminal")
  boolean yes;

  @Override
  protected ExitCode run() {
    if (!yes && !json && out().interactive() && !agreed()) {
      out().say("Nothing was paused.");
      return ExitCode.REFUSED;
    }
    Reply reply = client().stop();
    if (json) {
      return print(reply, "");
    }
    List<Bodies.StoppedRun> runs = reply.items(Bodies.StoppedRun.class);
    Map<String, String> ids = ShownIds.of(runs.stream().map(Bodies.StoppedRun::id).toList());
    for (Bodies.StoppedRun run : runs) {
      String state =
          switch (run.state()) {
            case "accepted" -> "pauses";
            case "rollback_under_way" -> "not paused: it is being rolled back; stop again";
            default -> run.state();
          };
      out()
          .line(
              SafeText.line(ids.getOrDefault(run.id(), run.id()))
                  + " · "
                  + SafeText.line(run.name())
                  + " · "
                  + SafeText.line(state));
    }
    out()
        .say(
            runs.isEmpty()
                ? "No run was at work."
                : "Each pauses after the call that runs now; helm resume RUN lets it go on.");
    return ExitCode.DONE;
  }

  private static boolean agreed() {
    Console console = System.console();
    String answer = console == null ? "y" : console.readLine("Pause all runs? [y/N] ");
    return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
  }
}
