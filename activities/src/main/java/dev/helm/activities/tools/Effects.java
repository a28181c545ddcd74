package dev.helm.activities.tools;

import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.CustomTool;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What each tool does: Helm's own by name, the blueprint's by its definition, others by source. */
final class Effects {
  private final Map<String, Effect> own;
  private final BiFunction<String, CustomTool, Effect> custom;
  private final RunTools tools;

  Effects(Map<String, Effect> own, BiFunction<String, CustomTool, Effect> custom, RunTools tools) {
    this.own = Map.copyOf(own);
    this.custom = custom;
    this.tools = tools;
  }

  /** The effect of a tool, or null when the run has no such tool. */
  @Nullable Effect of(Runs.Info run, String tool) {
    Effect ofHelm = own.get(tool);
    if (ofHelm != null) {
      return ofHelm;
    }
    CustomTool ofBlueprint = run.blueprint().customTools().get(tool);
    return ofBlueprint == null ? tools.effect(run, tool) : custom.apply(tool, ofBlueprint);
  }

  RunTools tools() {
    return tools;
  }
}
