package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The tools of a run, wherever they come from: what its model is told of them, and what their
 * arguments have to be.
 */
public final class RunTools {
  /** Without MCP servers. */
  public static final RunTools NATIVE = new RunTools(List.of());

  private final List<ToolSource> sources;

  /** With the sources beside the catalogue and the blueprint. */
  public RunTools(List<ToolSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /**
   * The definitions of the tools that the run's agent may ask for, as the {@code tools} member of a
   * model call. Always in the same order, so that the model's cache holds.
   */
  public String definitions(Runs.Info run) {
    ArrayNode list = HelmJson.mapper().createArrayNode();
    offered(run, tool -> list.add(tool.json()));
    return list.toString();
  }

  /** The same one by one. */
  public void offered(Runs.Info run, Consumer<ToolDefinition> each) {
    Consumer<ToolDefinition> ifOffered =
        tool -> {
          if (run.blueprint().offers(tool.name())) {
            each.accept(tool);
          }
        };
    ToolCatalog.all().forEach(ifOffered);
    run.blueprint().customTools().forEach((name, tool) -> ifOffered.accept(own(name, tool)));
    sources.forEach(source -> source.tools(run).forEach(ifOffered));
  }

  /** The JSON Schema of a tool's arguments, or null when the run has no such tool. */
  public @Nullable JsonNode schema(Runs.Info run, String tool) {
    JsonNode ofCatalog = ToolCatalog.schema(tool);
    if (ofCatalog != null) {
      return ofCatalog;
    }
    CustomTool own = run.blueprint().customTools().get(tool);
    if (own != null) {
      return own(tool, own).schema();
    }
    return sources.stream()
        .filter(source -> source.effect(run, tool) != null)
        .flatMap(source -> source.tools(run).stream())
        .filter(definition -> definition.name().equals(tool))
        .map(ToolDefinition::schema)
        .findFirst()
        .orElse(null);
  }

  /** Everything that is wrong with a call's arguments; empty when they fit. */
  public List<ArgumentsCheck.Mistake> mistakes(Runs.Info run, ToolCall call) {
    JsonNode schema = schema(run, call.tool());
    return schema == null
        ? List.of(new ArgumentsCheck.Mistake("", "there is no schema of tool " + call.tool()))
        : ArgumentsCheck.of(schema, call.arguments());
  }

  /** What a tool of a source does, or null when no source has it. */
  @Nullable Effect effect(Runs.Info run, String tool) {
    for (ToolSource source : sources) {
      Effect effect = source.effect(run, tool);
      if (effect != null) {
        return effect;
      }
    }
    return null;
  }

  /** What is to be known of a tool before it is used. */
  ToolSource.Look look(Runs.Info run, String tool) {
    ToolSource source = source(run, tool);
    return source == null ? new ToolSource.Look.Same(null) : source.look(run, tool);
  }

  void accept(Runs.Info run, String tool, String token) {
    ToolSource source = source(run, tool);
    if (source != null) {
      source.accept(run, tool, token);
    }
  }

  private @Nullable ToolSource source(Runs.Info run, String tool) {
    return sources.stream().filter(each -> each.effect(run, tool) != null).findFirst().orElse(null);
  }

  private static ToolDefinition own(String name, CustomTool tool) {
    return new ToolDefinition(
        name, tool.description(), HelmJson.mapper().valueToTree(tool.schema()));
  }
}
