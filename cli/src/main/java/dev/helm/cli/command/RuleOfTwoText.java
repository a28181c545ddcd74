package dev.helm.cli.command;

import dev.helm.api.blueprint.RuleOfTwo;
import dev.helm.cli.Out;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells what a blueprint combines, in words, beside what a command prints. */
final class RuleOfTwoText {
  private RuleOfTwoText() {}

  /** Says it if the answer has it. */
  static void say(Out out, Map<String, Object> answer) {
    if (!(answer.get("ruleOfTwo") instanceof Map<?, ?> combines)) {
      return;
    }
    RuleOfTwo two =
        RuleOfTwo.of(
            texts(combines.get("untrustedInput")),
            texts(combines.get("privateData")),
            texts(combines.get("outward")));
    out.say(
        two.allThree()
            ? "Rule of Two: all three of these, so every outward call is asked, whatever rules say:"
            : "Rule of Two: not all three of these, so its rules decide alone:");
    out.say("  untrusted input: " + reasons(two.untrustedInput()));
    out.say("  private data:    " + reasons(two.privateData()));
    out.say("  outward action:  " + reasons(two.outward()));
  }

  private static String reasons(List<String> reasons) {
    return reasons.isEmpty() ? "none" : SafeText.line(String.join("; ", reasons));
  }

  private static List<String> texts(@Nullable Object list) {
    return list instanceof List<?> items ? items.stream().map(String::valueOf).toList() : List.of();
  }
}
