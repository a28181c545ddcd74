package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm pause}. */
@Command(
    name = "helm pause",
    header = "helm pause 4f3a",
    description = "Lets the running tool end, then starts nothing until resume.")
public final class PauseCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Override
  protected ExitCode run() {
    Reply reply = client().control(run, "pause");
    print(reply, SafeText.line(reply.as(Bodies.Accepted.class).state()));
    out().say("It takes effect after the call that runs now.");
    return ExitCode.DONE;
  }
}
