package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.RuleOfTwo;
import java.util.Set;

/**
 * Asks people of every outward call of a blueprint that combines untrusted input, private data and
 * outward action. It stands before whatever could allow, so that no rule, no remembered one either,
 * and no hook lifts it.
 */
final class RuleOfTwoCheck implements Check {
  static final String NAME = "Rule of Two";

  private final RuleOfTwo combines;
  private final Combination combination;

  RuleOfTwoCheck(Blueprint blueprint, Set<String> operatorHosts) {
    combines = Combination.of(blueprint, operatorHosts);
    combination = new Combination(blueprint, operatorHosts);
  }

  @Override
  public Verdict check(ToolCall call) {
    // A sub-agent's list of tools is shorter than the run's, so the call is looked at by itself.
    boolean risky = !combines.untrustedInput().isEmpty() && !combines.privateData().isEmpty();
    String outward = risky ? combination.outward(call) : null;
    return outward == null ? new Verdict.Pass() : new Verdict.Ask(NAME, because(outward));
  }

  private String because(String outward) {
    return NAME
        + ": the blueprint combines untrusted input ("
        + first(combines.untrustedInput())
        + "), private data ("
        + first(combines.privateData())
        + ") and outward action ("
        + outward
        + "), so people decide on every outward call";
  }

  private static String first(java.util.List<String> reasons) {
    int more = reasons.size() - 1;
    return reasons.getFirst() + (more == 0 ? "" : ", and " + more + " more");
  }
}
