package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.workflows.decide.ToolCall;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What each tool does: Helm's own by name, the blueprint's by its definition, others by source. */
final class Effects {
  private final Map<String, Effect> own;
  private final BiFunction<String, CustomTool, Effect> custom;
  private final Function<CustomTool, Effect> reading;
  private final RunTools tools;
  private final ForeignTools foreign;

  Effects(
      Map<String, Effect> own,
      BiFunction<String, CustomTool, Effect> custom,
      Function<CustomTool, Effect> reading,
      RunTools tools,
      ForeignTools foreign) {
    this.own = Map.copyOf(own);
    this.custom = custom;
    this.reading = reading;
    this.tools = tools;
    this.foreign = foreign;
  }

  /** The effect of a tool, or null when the run has no such tool. */
  @Nullable Effect of(Runs.Info run, String tool) {
    Effect ofRuntime = foreign.effect(run, tool);
    if (ofRuntime != null) {
      return ofRuntime;
    }
    Effect ofHelm = own.get(tool);
    if (ofHelm != null) {
      return ofHelm;
    }
    CustomTool ofBlueprint = run.blueprint().customTools().get(tool);
    return ofBlueprint == null ? tools.effect(run, tool) : custom.apply(tool, ofBlueprint);
  }

  /** The same for a preview: the blueprint's commands run where they can only read. */
  @Nullable Effect ofPreview(Runs.Info run, String tool) {
    CustomTool command = run.blueprint().customTools().get(tool);
    return command == null || command.http() != null || own.containsKey(tool)
        ? of(run, tool)
        : reading.apply(command);
  }

  /** Everything that is wrong with a call's arguments; empty when they fit. */
  List<ArgumentsCheck.Mistake> mistakes(Runs.Info run, ToolCall call) {
    if (foreign.effect(run, call.tool()) == null) {
      return tools.mistakes(run, call);
    }
    JsonNode schema = foreign.schema(run, call.tool());
    return schema == null ? List.of() : ArgumentsCheck.of(schema, call.arguments());
  }

  RunTools tools() {
    return tools;
  }
}
