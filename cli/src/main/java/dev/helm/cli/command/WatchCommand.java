package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.watch.Watch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm watch}. */
@Command(
    name = "helm watch",
    header = "helm watch 4f3a",
    description = {
      "Follows a run from its first event to its end.",
      "In a terminal: a allow, d deny, s steer, v view the call, tab next, q quit.",
      "With --json each event is one line, exactly as it is in the log."
    })
public final class WatchCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Override
  protected ExitCode run() throws Exception {
    HelmClient client = client();
    return new Watch(context(), client, json).follow(client.run(run).as(Bodies.Run.class));
  }
}
