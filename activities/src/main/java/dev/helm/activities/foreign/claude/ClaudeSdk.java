package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentDriver;
import dev.helm.activities.foreign.DriverKind;
import dev.helm.activities.foreign.ProgramDoor;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.List;

/** Runs whose {@code agent} is {@code claude-agent-sdk}. */
public final class ClaudeSdk implements DriverKind {
  private final Boxes boxes;
  private final RunTools tools;
  private final Gates gates;
  private final ProgramDoor door;

  /** With the run's containers, all runs' tools, the lock's answers and programs' endpoint. */
  public ClaudeSdk(Boxes boxes, RunTools tools, Gates gates, ProgramDoor door) {
    this.door = door;
    this.boxes = boxes;
    this.tools = tools;
    this.gates = gates;
  }

  @Override
  public AgentDriver driver(Runs.Info run) {
    if (run.blueprint().program() != null) {
      return new SdkProgram(boxes, door, tools, gates);
    }
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
    String server = ToolNames.server(tool);
    return OwnTools.performs(tool)
        || (server != null
            && run.blueprint().program() != null
            && !run.blueprint().mcpServers().containsKey(server));
  }
}
