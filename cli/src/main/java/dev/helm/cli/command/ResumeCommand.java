package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm resume}. */
@Command(
    name = "helm resume",
    header = "helm resume 4f3a",
    description = "Lets a paused run go on.")
public final class ResumeCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Override
  protected ExitCode run() {
    Reply reply = client().control(run, "resume");
    return print(reply, SafeText.line(reply.as(Bodies.Accepted.class).state()));
  }
}
