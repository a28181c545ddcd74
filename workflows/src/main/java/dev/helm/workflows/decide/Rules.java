package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.decide.Rule.Match;
import dev.helm.workflows.decide.guard.ProgramCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The blueprint's rules: the first match wins within deny, then ask, then allow; what no rule names
 * is asked. A missing or mistyped argument that a rule speaks of means ask. In a compound shell
 * command each simple command must be allowed, and one denied part denies all.
 */
public final class Rules implements Check {
  private static final ProgramCalls ALL_TOLD = new ProgramCalls(List.of(), true);

  private final List<Rule> deny;
  private final List<Rule> ask;
  private final List<Allowing> allow;
  private final List<Allowing> remembered;

  /** A rule that lets a call run, and the permission by which it was remembered, if it was. */
  private record Allowing(Rule rule, @Nullable String permissionId) {}

  /** Reads the blueprint's rules alone. */
  public Rules(Blueprint.Permissions permissions) {
    this(permissions, List.of());
  }

  /** Reads the rules, which were checked when the blueprint was, or when they were remembered. */
  public Rules(Blueprint.Permissions permissions, List<Remembered> remembered) {
    deny = permissions.deny().stream().map(Rule::parse).toList();
    ask = permissions.ask().stream().map(Rule::parse).toList();
    this.remembered =
        remembered.stream()
            .map(rule -> new Allowing(Rule.parse(rule.rule()), rule.permissionId()))
            .toList();
    allow =
        Stream.concat(
                permissions.allow().stream().map(rule -> new Allowing(Rule.parse(rule), null)),
                this.remembered.stream())
            .toList();
  }

  /** How many simple commands a shell command, or a pattern of one, is read as. */
  public static int simpleCommands(String command) {
    return ShellParts.of(command).parts().size();
  }

  @Override
  public Verdict check(ToolCall call) {
    String command = call.tool().equals("Bash") ? call.text("command") : null;
    ShellParts shell = command == null ? null : ShellParts.of(command);
    List<ToolCall> parts = parts(call, shell);
    ProgramCalls told = command == null || noneForBash() ? ALL_TOLD : ProgramCalls.strict(command);
    Verdict.Ask unsure = null;
    for (Rule rule : deny) {
      switch (any(rule, parts)) {
        case YES, SOME -> {
          return new Verdict.Deny("rule", "A rule denies this: " + rule.text(), rule.text());
        }
        case UNSURE -> unsure = unsure == null ? unsure(rule) : unsure;
        // Attack: "git $(cat .x)" where "git push --force" is denied.
        case NO -> unsure = unsure == null && mayName(rule, told) ? hidden(rule) : unsure;
      }
    }
    if (unsure != null) {
      return unsure;
    }
    for (Rule rule : ask) {
      // What was remembered speaks of the call, not of the files that it names beside it.
      if (rule.seesBeside(call) != Match.NO) {
        return new Verdict.Ask(rule.text(), "a rule asks");
      }
    }
    if (allowed(remembered, call, shell, told) instanceof Verdict.Allow allow) {
      return allow;
    }
    for (Rule rule : ask) {
      switch (any(rule, parts)) {
        case YES, SOME -> {
          return new Verdict.Ask(rule.text(), "a rule asks");
        }
        case UNSURE -> {
          return unsure(rule);
        }
        case NO -> {
          if (mayName(rule, told)) {
            return hidden(rule);
          }
        }
      }
    }
    return allowed(allow, call, shell, told);
  }

  private static boolean mayName(Rule rule, ProgramCalls told) {
    return told.calls().stream().anyMatch(call -> rule.mayName(call, ProgramCalls.ANYTHING));
  }

  private static Verdict.Ask hidden(Rule rule) {
    return new Verdict.Ask(
        rule.text(),
        "the command has a part that is not known before it runs; the rule may name it");
  }

  /**
   * Whether no denying or asking rule can miss what the call does: there is none, or it is told.
   */
  boolean see(ToolCall call) {
    if (!call.tool().equals("Bash") || noneForBash()) {
      return true;
    }
    String command = call.text("command");
    return command != null && ShellParts.of(command).sure() && ProgramCalls.strict(command).all();
  }

  private boolean noneForBash() {
    return Stream.concat(deny.stream(), ask.stream()).noneMatch(rule -> rule.speaksOf("Bash"));
  }

  private Verdict allowed(
      List<Allowing> rules, ToolCall call, @Nullable ShellParts shell, ProgramCalls told) {
    if (call.tool().equals("AskPerson")) {
      // To ask people is what the gate itself would do.
      return new Verdict.Allow("builtin", null);
    }
    if (!call.tool().equals("Bash")) {
      return firstAllow(rules, call);
    }
    if (shell == null) {
      return new Verdict.Ask(null, "the call has no command");
    }
    Verdict first = new Verdict.Ask(null, "no rule names this call");
    for (String part : shell.parts()) {
      Verdict verdict = firstAllow(rules, withCommand(call, part));
      if (!(verdict instanceof Verdict.Allow)) {
        return verdict;
      }
      first = first instanceof Verdict.Allow ? first : verdict;
    }
    return shell.sure() && told.all() || allowsEverything(rules)
        ? first
        : new Verdict.Ask(null, "the command holds parts that a rule cannot judge");
  }

  /** A rule for all of Bash, and none that would have to find its command in this one. */
  private boolean allowsEverything(List<Allowing> rules) {
    return rules.stream()
            .map(Allowing::rule)
            .anyMatch(rule -> rule.tool().equals("Bash") && rule.condition() == null)
        && Stream.concat(deny.stream(), ask.stream())
            .noneMatch(rule -> rule.tool().equals("Bash") && rule.condition() != null);
  }

  private static Verdict firstAllow(List<Allowing> rules, ToolCall call) {
    for (Allowing allowing : rules) {
      Rule rule = allowing.rule();
      switch (rule.matches(call)) {
        case YES -> {
          return new Verdict.Allow("rule", rule.text(), allowing.permissionId());
        }
        case UNSURE -> {
          return unsure(rule);
        }
        case NO, SOME -> {}
      }
    }
    return new Verdict.Ask(null, "no rule names this call");
  }

  private static Verdict.Ask unsure(Rule rule) {
    return new Verdict.Ask(rule.text(), "the call lacks what the rule speaks of");
  }

  private static Match any(Rule rule, List<ToolCall> parts) {
    Match found = Match.NO;
    for (ToolCall part : parts) {
      Match match = rule.sees(part).or(rule.seesBeside(part));
      if (match == Match.YES || match == Match.SOME) {
        return match;
      }
      found = match == Match.UNSURE ? match : found;
    }
    return found;
  }

  /** The whole call, and for a shell command each spelling of what it runs. */
  private static List<ToolCall> parts(ToolCall call, @Nullable ShellParts shell) {
    List<ToolCall> parts = new ArrayList<>();
    parts.add(call);
    if (shell != null) {
      // Stops "env git push --force", "git push >f --force" and the like from passing a denial.
      for (String spelling : shell.spellings()) {
        parts.add(withCommand(call, spelling));
      }
    }
    return parts;
  }

  private static ToolCall withCommand(ToolCall call, String command) {
    return new ToolCall(
        call.toolUseId(), call.tool(), call.source(), java.util.Map.of("command", command));
  }
}
