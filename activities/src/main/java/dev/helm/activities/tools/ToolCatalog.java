package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tools that Helm itself has, as the model is told of them. To add one: catalog.json. */
public final class ToolCatalog {
  private static final Map<String, ToolDefinition> TOOLS = load();

  private ToolCatalog() {}

  /** Names of all tools, in the catalogue's order. */
  public static Set<String> names() {
    return TOOLS.keySet();
  }

  /** The definitions of all tools, in the catalogue's order. */
  static List<ToolDefinition> all() {
    return List.copyOf(TOOLS.values());
  }

  /** The JSON schema of a tool's arguments, or null for a tool that is not Helm's. */
  public static @Nullable JsonNode schema(String tool) {
    ToolDefinition definition = TOOLS.get(tool);
    return definition == null ? null : definition.schema();
  }

  private static Map<String, ToolDefinition> load() {
    try (InputStream in =
        Objects.requireNonNull(ToolCatalog.class.getResourceAsStream("catalog.json"))) {
      Map<String, ToolDefinition> tools = new LinkedHashMap<>();
      for (JsonNode tool : HelmJson.mapper().readTree(in)) {
        String name = tool.path("name").asText();
        tools.put(
            name,
            new ToolDefinition(name, tool.path("description").asText(), tool.path("input_schema")));
      }
      return tools;
    } catch (IOException e) {
      throw new IllegalStateException("the tool catalogue of this build is broken", e);
    }
  }
}
