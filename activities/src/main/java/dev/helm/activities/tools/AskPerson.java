package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.workflows.decide.ToolCall;
import java.util.List;

/** A question to people has no effect of its own: the answer arrives as a signal. */
final class AskPerson implements Effect {
  String text(ToolCall call) {
    String question = call.text("question");
    return question == null ? "(the agent asked nothing)" : question;
  }

  List<String> options(ToolCall call) {
    return call.arguments().get("options") instanceof List<?> options
        ? options.stream().map(String::valueOf).limit(8).toList()
        : List.of();
  }

  @Override
  public String prepare(CallContext context) {
    return "{}";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    throw new IllegalStateException("a question is not run");
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    return new Result.NotStarted("a question is asked again");
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    // Nothing runs.
  }

  @Override
  public boolean repeatable() {
    return true;
  }
}
