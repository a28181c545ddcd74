package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentDriver;
import dev.helm.activities.foreign.DriverKind;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.tools.ToolDefinition;
import java.util.ArrayList;
import java.util.List;

/** Runs whose {@code agent} is {@code claude-agent-sdk}. */
public final class ClaudeSdk implements DriverKind {
  private final Boxes boxes;
  private final RunTools tools;
  private final Gates gates;

  /** With the run's containers, all runs' tools, and the second lock's answers. */
  public ClaudeSdk(Boxes boxes, RunTools tools, Gates gates) {
    this.boxes = boxes;
    this.tools = tools;
    this.gates = gates;
  }

  @Override
  public AgentDriver driver() {
    return new ClaudeSdkDriver(
        boxes,
        start -> {
          List<ToolDefinition> all = new ArrayList<>();
          tools.offered(start.info(), all::add);
          return all;
        },
        gates);
  }

  @Override
  public boolean performs(Runs.Info run, String tool) {
    return OwnTools.performs(tool);
  }
}
