package dev.helm.cli.command;

import dev.helm.api.RunStatus;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.HelmClient;
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
    HelmClient client = client();
    Bodies.Run before = client.run(run).as(Bodies.Run.class);
    Reply reply = client.control(run, "resume");
    print(reply, SafeText.line(reply.as(Bodies.Accepted.class).state()));
    out().say(told(before));
    return ExitCode.DONE;
  }

  private static String told(Bodies.Run before) {
    String waits = before.waitingFor();
    if (before.status() != RunStatus.PAUSED) {
      return "It was not paused ("
          + before.status().word()
          + "); a pause that was still to come is taken back.";
    }
    return waits == null || waits.equals("person")
        ? "It goes on where it was paused; one that had nothing left to do ends."
        : "It waits for more than a resume (" + SafeText.line(waits) + "): see \"helm inbox\".";
  }
}
