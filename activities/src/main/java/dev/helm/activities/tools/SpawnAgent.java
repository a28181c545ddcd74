package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;

/** A sub-agent works in a workflow of its own: here it is only let begin. */
final class SpawnAgent implements Effect {
  static final String NAME = "Agent";

  @Override
  public String prepare(CallContext context) {
    return "{}";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    throw new IllegalStateException("a sub-agent is not run in an activity");
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    throw new IllegalStateException("a sub-agent is not run in an activity");
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    // Nothing runs here.
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  /** Its own calls tell what they wrote. */
  @Override
  public Touch touch() {
    return Touch.NOTHING;
  }
}
