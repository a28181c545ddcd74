package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.workflows.decide.ToolCall;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A question to people has no effect of its own: the answer arrives as a signal. */
final class AskPerson implements Effect {
  private static final int OPTIONS_MAX = 8;
  private static final int OPTION_CHARS_MAX = 200;
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})(s|m|h)");

  /** Why the call is no question that people can be asked, or null. */
  @Nullable String refusal(ToolCall call) {
    if (call.arguments().get("timeout") instanceof Object timeout
        && (!(timeout instanceof String text) || !text.matches("[1-9][0-9]{0,5}[smh]"))) {
      return "timeout has to be a duration such as 90s, 10m or 2h; nobody was asked.";
    }
    if (call.arguments().get("options") instanceof List<?> given
        && given.stream().anyMatch(option -> !fits(option))) {
      return "options have to be texts of 1 to "
          + OPTION_CHARS_MAX
          + " characters in one line; nobody was asked.";
    }
    return options(call).size() > OPTIONS_MAX
        ? "there may be " + OPTIONS_MAX + " options at most; nobody was asked."
        : null;
  }

  private static boolean fits(@Nullable Object option) {
    return option instanceof String text
        && !text.isBlank()
        && text.length() <= OPTION_CHARS_MAX
        && text.indexOf('\n') < 0;
  }

  String text(ToolCall call) {
    String question = call.text("question");
    return question == null || question.isBlank() ? "(the agent asked nothing)" : question;
  }

  /** Each once, as they will be compared with the answer. */
  List<String> options(ToolCall call) {
    return call.arguments().get("options") instanceof List<?> options
        ? options.stream().map(String::valueOf).map(String::strip).distinct().toList()
        : List.of();
  }

  /** Whether an answer may be none of the options. */
  boolean freeText(ToolCall call) {
    return Boolean.TRUE.equals(call.arguments().get("free_text"));
  }

  /** How long the agent wants to wait, in milliseconds; very long if it does not say. */
  long timeoutMs(ToolCall call) {
    String text = call.text("timeout");
    Matcher duration = DURATION.matcher(text == null ? "" : text);
    if (!duration.matches()) {
      return Long.MAX_VALUE;
    }
    long unitMs =
        switch (duration.group(2)) {
          case "s" -> 1_000;
          case "m" -> 60_000;
          default -> 3_600_000;
        };
    return Long.parseLong(duration.group(1)) * unitMs;
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
