package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.decide.guard.CommandGuard;
import dev.helm.workflows.decide.guard.Family;
import dev.helm.workflows.decide.guard.Judgement;

/**
 * The command guard as the gate's first check, for every Bash call whoever made it. What it blocks
 * no rule and no person lifts; what it asks no rule of the blueprint answers, with one exception: a
 * blueprint that allows all of {@code Bash} is not asked for a program that only has its name from
 * a variable, since it was given leave for any program.
 */
final class GuardCheck implements Check {
  private static final int REASON_CHARS_MAX = 300;

  private final boolean anyProgram;

  GuardCheck(Blueprint.Permissions permissions) {
    anyProgram =
        permissions.allow().stream()
            .map(Rule::parse)
            .anyMatch(rule -> rule.tool().equals("Bash") && rule.condition() == null);
  }

  @Override
  public Verdict check(ToolCall call) {
    String command = call.tool().equals("Bash") ? call.text("command") : null;
    if (command == null) {
      // Without a command the rules ask.
      return new Verdict.Pass();
    }
    Judgement judgement = CommandGuard.judge(command);
    String reason = "Command guard (" + judgement.family().word() + "): " + judgement.reason();
    return switch (judgement.verdict()) {
      case BLOCK -> new Verdict.Deny("builtin", reason, null);
      case ASK ->
          anyProgram && judgement.family() == Family.UNKNOWN_PROGRAM
              ? new Verdict.Pass()
              : new Verdict.Ask(cut(reason), judgement.reason());
      case ALLOW -> new Verdict.Pass();
    };
  }

  /** The permission shows this in the rule's place: it says why people are asked. */
  private static String cut(String reason) {
    return reason.length() <= REASON_CHARS_MAX
        ? reason
        : reason.substring(0, REASON_CHARS_MAX - 1) + "…";
  }
}
