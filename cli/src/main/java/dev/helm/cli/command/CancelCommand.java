package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm cancel}. */
@Command(name = "helm cancel", header = "helm cancel 4f3a", description = "Ends a run for good.")
public final class CancelCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Override
  protected ExitCode run() {
    Reply reply = client().control(run, "cancel");
    return print(reply, SafeText.line(reply.as(Bodies.Accepted.class).state()));
  }
}
