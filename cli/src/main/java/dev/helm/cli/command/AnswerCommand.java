package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code helm answer}. */
@Command(
    name = "helm answer",
    header = "helm answer 4f3a \"Use the second list.\"",
    description = {
      "Answers what the agent asks.",
      "Where the end of a call was not seen, the answers are happened, again and stop."
    })
public final class AnswerCommand extends HelmCommand {
  @Parameters(
      index = "0",
      paramLabel = "ID|RUN",
      description = "a question, or a run with exactly one open question")
  String id = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "TEXT",
      description = "the answer, or an option's number")
  List<String> text = List.of();

  @Override
  protected ExitCode run() {
    HelmClient client = client();
    DecisionBodies.InboxItem item = new Decisions(client).find(id, List.of("question", "unknown"));
    String answer = chosen(item, String.join(" ", text).strip());
    Reply reply = client.answer(item.id(), answer);
    return print(
        reply,
        SafeText.line(reply.as(Bodies.Accepted.class).state())
            + " · "
            + SafeText.line(answer)
            + asked(item));
  }

  /** Which question it was: a run may have asked the next one already. */
  private static String asked(DecisionBodies.InboxItem item) {
    String text = item.text();
    return text == null || text.isBlank() ? "" : " · to: " + SafeText.line(text);
  }

  private static String chosen(DecisionBodies.InboxItem item, String given) {
    List<String> options = item.options() == null ? List.of() : item.options();
    for (int i = 0; i < options.size(); i++) {
      if (given.equals(String.valueOf(i + 1)) && !options.contains(given)) {
        return options.get(i);
      }
    }
    if (!options.isEmpty() && !options.contains(given) && given.matches("[0-9]{1,9}")) {
      throw Failure.usage(
          options.size() == 1
              ? "There is 1 option, so " + given + " is none of them."
              : "There are " + options.size() + " options, so " + given + " is none of them.",
          Boolean.TRUE.equals(item.freeText())
              ? "Write words in quotes to answer in words."
              : "Answer with an option or its number.");
    }
    boolean bound = !Boolean.TRUE.equals(item.freeText());
    if (bound && !options.isEmpty() && !options.contains(given)) {
      throw Failure.usage(
          "\"" + given + "\" is no answer to this.",
          "Answer with one of: " + SafeText.line(String.join(", ", options)));
    }
    return given;
  }
}
