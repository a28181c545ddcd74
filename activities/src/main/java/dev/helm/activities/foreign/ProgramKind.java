package dev.helm.activities.foreign;

import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.RunTools;

/** {@code agent: command}: any program. */
public final class ProgramKind implements DriverKind {
  private final Boxes boxes;
  private final ProgramDoor door;
  private final RunTools tools;

  /** With where programs run, where they reach Helm, and what tools there are. */
  public ProgramKind(Boxes boxes, ProgramDoor door, RunTools tools) {
    this.boxes = boxes;
    this.door = door;
    this.tools = tools;
  }

  @Override
  public AgentDriver driver(Runs.Info run) {
    return new ProgramDriver(boxes, door, tools, ProgramDriver.Way.PLAIN);
  }
}
