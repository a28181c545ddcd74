package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.decide.Rule.Match;
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
  private final List<Rule> deny;
  private final List<Rule> ask;
  private final List<Rule> allow;

  /** Reads the rules, which were checked when the blueprint was. */
  public Rules(Blueprint.Permissions permissions) {
    deny = permissions.deny().stream().map(Rule::parse).toList();
    ask = permissions.ask().stream().map(Rule::parse).toList();
    allow = permissions.allow().stream().map(Rule::parse).toList();
  }

  @Override
  public Verdict check(ToolCall call) {
    String command = call.tool().equals("Bash") ? call.text("command") : null;
    ShellParts shell = command == null ? null : ShellParts.of(command);
    List<ToolCall> parts = parts(call, shell);
    Verdict.Ask unsure = null;
    for (Rule rule : deny) {
      switch (any(rule, parts)) {
        case YES -> {
          return new Verdict.Deny("rule", "A rule denies this: " + rule.text(), rule.text());
        }
        case UNSURE -> unsure = unsure == null ? unsure(rule) : unsure;
        case NO -> {}
      }
    }
    if (unsure != null) {
      return unsure;
    }
    for (Rule rule : ask) {
      switch (any(rule, parts)) {
        case YES -> {
          return new Verdict.Ask(rule.text(), "a rule asks");
        }
        case UNSURE -> {
          return unsure(rule);
        }
        case NO -> {}
      }
    }
    return allowed(call, shell);
  }

  private Verdict allowed(ToolCall call, @Nullable ShellParts shell) {
    if (call.tool().equals("AskPerson")) {
      // To ask people is what the gate itself would do.
      return new Verdict.Allow("builtin", null);
    }
    if (!call.tool().equals("Bash")) {
      return firstAllow(call);
    }
    if (shell == null) {
      return new Verdict.Ask(null, "the call has no command");
    }
    Verdict first = new Verdict.Ask(null, "no rule names this call");
    for (String part : shell.parts()) {
      Verdict verdict = firstAllow(withCommand(call, part));
      if (!(verdict instanceof Verdict.Allow)) {
        return verdict;
      }
      first = first instanceof Verdict.Allow ? first : verdict;
    }
    return shell.sure() || allowsEverything()
        ? first
        : new Verdict.Ask(null, "the command holds parts that a rule cannot judge");
  }

  /** A rule for all of Bash, and none that would have to find its command in this one. */
  private boolean allowsEverything() {
    return allow.stream().anyMatch(rule -> rule.tool().equals("Bash") && rule.condition() == null)
        && Stream.concat(deny.stream(), ask.stream())
            .noneMatch(rule -> rule.tool().equals("Bash") && rule.condition() != null);
  }

  private Verdict firstAllow(ToolCall call) {
    for (Rule rule : allow) {
      switch (rule.matches(call)) {
        case YES -> {
          return new Verdict.Allow("rule", rule.text());
        }
        case UNSURE -> {
          return unsure(rule);
        }
        case NO -> {}
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
      Match match = rule.matches(part);
      if (match == Match.YES) {
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
