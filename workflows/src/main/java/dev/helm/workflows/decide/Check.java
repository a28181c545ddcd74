package dev.helm.workflows.decide;

/**
 * One step of the gate: the command guard, a hook, the rules. Pure: the same call, the same
 * verdict.
 */
public interface Check {
  /** What this check says; {@link Verdict.Pass} when it has no opinion. */
  Verdict check(ToolCall call);
}
