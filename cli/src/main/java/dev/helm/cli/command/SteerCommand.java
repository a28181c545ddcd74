package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm steer}. */
@Command(
    name = "helm steer",
    header = "helm steer 4f3a \"Exclude any company with under 50 employees first.\"",
    description = "Gives a running agent a message, which it reads at its next turn.")
public final class SteerCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "TEXT",
      description = "what to tell the agent")
  List<String> text = List.of();

  @Option(names = "--now", description = "interrupt the running tool instead of waiting for it")
  boolean now;

  @Override
  protected ExitCode run() {
    String words = String.join(" ", text).strip();
    if (words.isEmpty()) {
      throw Failure.usage("There is nothing to tell the agent.", "helm steer " + run + " \"TEXT\"");
    }
    HelmClient client = client();
    Reply reply = client.message(run, words, now ? "now" : "next");
    Bodies.Message message = reply.as(Bodies.Message.class);
    print(reply, SafeText.line(message.state() + " · " + message.id()));
    if (permissionWaits(client)) {
      out().say("Read after this decision; deny it to have it redone first.");
    }
    return ExitCode.DONE;
  }

  /** Only for words to a person: the message is sent whatever the answer. */
  private boolean permissionWaits(HelmClient client) {
    try {
      return !json && "permission".equals(client.run(run).as(Bodies.Run.class).waitingFor());
    } catch (Failure failure) {
      return false;
    }
  }
}
