package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import java.util.List;
import java.util.Set;

/**
 * The decision before a tool call: an ordered list of checks. A denial ends it, an ask is kept
 * unless a later check denies, an allow counts only if no check before it asked. If nothing speaks,
 * people are asked.
 */
public final class Gate {
  private final List<Check> checks;

  /** A gate of these checks, in this order. */
  public Gate(List<Check> checks) {
    this.checks = List.copyOf(checks);
  }

  /** The gate of a blueprint: the command guard, what it grants at all, then its rules. */
  public static Gate of(Blueprint blueprint) {
    return of(blueprint, List.of());
  }

  /**
   * The same with what people had remembered, which is read beside the blueprint's rules. Where
   * several people have to allow, a rule that one of them left behind decides nothing.
   */
  public static Gate of(Blueprint blueprint, List<Remembered> remembered) {
    return of(blueprint, remembered, Set.of());
  }

  /** The same where the operator has listed targets with these hosts, in lower case. */
  public static Gate of(
      Blueprint blueprint, List<Remembered> remembered, Set<String> operatorHosts) {
    return of(blueprint, remembered, operatorHosts, new Verdict.Pass());
  }

  /**
   * The same with what the blueprint's hooks have said of this very call. They stand between the
   * guard and the rules: what they deny or ask no rule allows. What they allow stands only where no
   * rule speaks of the call.
   *
   * @param operatorHosts hosts of the operator's targets, in lower case
   */
  public static Gate of(
      Blueprint blueprint, List<Remembered> remembered, Set<String> operatorHosts, Verdict hooks) {
    boolean alone = blueprint.permissions().approvers() == 1;
    return new Gate(
        List.of(
            new GuardCheck(blueprint.permissions()),
            new OfferedTools(blueprint),
            new EgressCheck(blueprint.egress().allow()),
            call -> hooks instanceof Verdict.Allow ? new Verdict.Pass() : hooks,
            // Before all that could allow: nothing but a person lifts it.
            new RuleOfTwoCheck(blueprint, operatorHosts),
            new HooksAllow(
                new Rules(blueprint.permissions(), alone ? remembered : List.of()), hooks)));
  }

  /** Allow, deny or ask; never {@link Verdict.Pass}. */
  public Verdict decide(ToolCall call) {
    Verdict.Ask ask = null;
    for (Check check : checks) {
      switch (check.check(call)) {
        case Verdict.Deny deny -> {
          return deny;
        }
        case Verdict.Ask asks -> ask = ask == null ? asks : ask;
        case Verdict.Allow allow -> {
          if (ask == null) {
            return allow;
          }
        }
        case Verdict.Pass pass -> {
          // No opinion.
        }
      }
    }
    return ask == null ? new Verdict.Ask(null, "no rule names this call") : ask;
  }

  /** Rules, with a hook's allow in the place of asking about what no rule names. */
  private record HooksAllow(Rules rules, Verdict hooks) implements Check {
    @Override
    public Verdict check(ToolCall call) {
      Verdict verdict = rules.check(call);
      return hooks instanceof Verdict.Allow
              && verdict instanceof Verdict.Ask ask
              && ask.rule() == null
              // Attack: "git $(cat .x)" hides from a deny rule, and a hook that allows Bash lifts
              // the ask that stands for it.
              && rules.see(call)
          ? hooks
          : verdict;
    }
  }

  /** The blueprint's list of tools is a promise to the person who reads it. */
  private record OfferedTools(Blueprint blueprint) implements Check {
    @Override
    public Verdict check(ToolCall call) {
      return blueprint.offers(call.tool())
          ? new Verdict.Pass()
          : new Verdict.Deny("builtin", "This agent has no tool named " + call.tool() + ".", null);
    }
  }

  /** A page outside the blueprint's egress list is refused whatever rules or people say. */
  private record EgressCheck(List<String> allow) implements Check {
    @Override
    public Verdict check(ToolCall call) {
      if (!call.tool().equals("WebFetch")) {
        return new Verdict.Pass();
      }
      String host = call.domain();
      if (host == null || allow.stream().noneMatch(pattern -> Glob.host(pattern, host))) {
        return new Verdict.Deny(
            "builtin",
            (host == null ? "The URL names no host" : host + " is not on the list of hosts")
                + " that this agent may reach (egress.allow of its blueprint).",
            null);
      }
      return new Verdict.Pass();
    }
  }
}
