package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code helm start}. */
@Command(
    name = "helm start",
    header = "helm start q1-competitor-brief --input quarter=Q1",
    description = "Starts a run and prints its id.")
public final class StartCommand extends HelmCommand {
  @Mixin final StartOptions options = new StartOptions();

  @Override
  protected ExitCode run() {
    Reply reply = options.start(client());
    Bodies.Run run = reply.as(Bodies.Run.class);
    print(reply, run.id());
    String shown = run.id().substring(0, Math.min(4, run.id().length()));
    advise("Follow it with: helm watch " + shown);
    return ExitCode.DONE;
  }
}
