package dev.helm.activities.tools;

import dev.helm.activities.store.Runs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tools that are neither Helm's own nor brought by the blueprint: those of MCP servers. */
public interface ToolSource {
  /**
   * The tools of this source that the run has, in an order that stays; may connect, and so take
   * long. Which of them its agent is offered is looked at by the caller.
   */
  List<ToolDefinition> tools(Runs.Info run);

  /** What a tool does, or null when it is none of this source's. */
  @Nullable Effect effect(Runs.Info run, String tool);
}
