package dev.helm.activities.sandbox;

/** How an attempt to run or re-attach to an effect ended. */
public sealed interface EffectOutcome {
  /**
   * The command ended and its whole kept output is durable.
   *
   * @param reattached whether it had been started by an earlier attempt
   */
  record Ended(EffectExit exit, boolean reattached) implements EffectOutcome {}

  /**
   * The container is gone.
   *
   * @param mayHaveRun false only if it is certain that this effect never started in it
   */
  record Lost(String reason, boolean mayHaveRun) implements EffectOutcome {}
}
