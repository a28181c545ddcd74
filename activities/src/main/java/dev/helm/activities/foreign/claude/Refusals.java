package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentEvents;

/**
 * What processes of a container asked Helm's gate and were refused. Attack: one asks without end;
 * so many of one life are told, and no more. Its owner's lock guards it.
 */
final class Refusals {
  private static final int TOLD_MAX = 20;

  private final AgentEvents events;
  private int count;

  Refusals(AgentEvents events) {
    this.events = events;
  }

  /** Tells it; {@code why}, for whoever asked. */
  String refused(String tool, String why) {
    if (++count <= TOLD_MAX) {
      events.refused(
          "A process in the container asked Helm's gate to let a call of "
              + Shown.name(tool)
              + " pass. "
              + why
              + (count == TOLD_MAX ? " More of these are not told." : ""));
    }
    return why;
  }
}
