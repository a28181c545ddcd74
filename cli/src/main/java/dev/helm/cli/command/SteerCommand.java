package dev.helm.cli.command;

import dev.helm.api.event.Content;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm steer}. */
@Command(
    name = "helm steer",
    header = "helm steer 4f3a \"Exclude any company with under 50 employees first.\"",
    description = {
      "Gives a running agent a message, which it reads at its next turn.",
      "Without TEXT it lists the run's messages: queued, read or cancelled."
    })
public final class SteerCommand extends HelmCommand {
  private static final int SHOWN_ID_CHARS_MIN = 4;

  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "TEXT",
      description = "what to tell the agent")
  List<String> text = List.of();

  @Option(names = "--now", description = "interrupt the running tool instead of waiting for it")
  boolean now;

  @Option(
      names = "--cancel",
      paramLabel = "MESSAGE",
      description = "take back a message that was not yet read: its id, or the beginning of it")
  @Nullable String cancel;

  @Override
  protected ExitCode run() {
    if (cancel != null) {
      return takeBack(cancel);
    }
    return text.isEmpty() && !now ? list() : send();
  }

  private ExitCode send() {
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

  private ExitCode list() {
    Reply reply = client().messages(run);
    if (json) {
      return print(reply, "");
    }
    List<Bodies.Message> messages = reply.items(Bodies.Message.class);
    messages.forEach(message -> out().line(line(message)));
    if (messages.isEmpty()) {
      advise("Nobody has told this run anything. Tell it: helm steer " + run + " \"TEXT\"");
    }
    return ExitCode.DONE;
  }

  private static Line line(Bodies.Message message) {
    boolean queued = message.state().equals("queued");
    String at = message.readAtTurn() == null ? "" : " at turn " + message.readAtTurn();
    String id = message.id();
    return Line.of(Role.QUIET, SafeText.line(id.substring(0, Math.min(8, id.length()))) + " · ")
        .add(queued ? Role.WAIT : Role.TEXT, SafeText.line(message.state()) + at)
        .add(Role.QUIET, " · " + SafeText.line(message.when() + " · " + message.by()) + " · ")
        .object(Role.TEXT, SafeText.line(words(message.text())));
  }

  private static String words(Content content) {
    return switch (content) {
      case Content.Text given -> given.text();
      case Content.BlobRef blob -> "(" + blob.bytes() + " bytes)";
    };
  }

  private ExitCode takeBack(String wanted) {
    if (!text.isEmpty() || now) {
      throw Failure.usage(
          "--cancel takes a message back and says nothing.", "helm steer " + run + " --cancel ID");
    }
    HelmClient client = client();
    List<Bodies.Message> found =
        client.messages(run).items(Bodies.Message.class).stream()
            .filter(
                message ->
                    message.id().equals(wanted)
                        || (wanted.length() >= SHOWN_ID_CHARS_MIN
                            && message.id().startsWith(wanted)))
            .toList();
    if (found.size() > 1) {
      throw Failure.usage(
          "\"" + SafeText.line(wanted) + "\" is the beginning of " + found.size() + " messages.",
          "helm steer " + run + " lists them");
    }
    String id = found.isEmpty() ? wanted : found.getFirst().id();
    Reply reply = client.cancelMessage(run, id);
    return print(reply, SafeText.line(reply.as(Bodies.Message.class).state() + " · " + id));
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
