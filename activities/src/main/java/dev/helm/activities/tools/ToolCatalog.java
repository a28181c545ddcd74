package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
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
  private static final Map<String, JsonNode> TOOLS = load();

  private ToolCatalog() {}

  /** Names of all tools, in the catalogue's order. */
  public static Set<String> names() {
    return TOOLS.keySet();
  }

  /** The definitions of the named tools as the {@code tools} member of a model call. */
  public static String definitions(List<String> names) {
    ArrayNode list = HelmJson.mapper().createArrayNode();
    TOOLS.forEach(
        (name, definition) -> {
          if (names.contains(name)) {
            list.add(definition);
          }
        });
    return list.toString();
  }

  /** The JSON schema of a tool's arguments, or null for a tool that is not Helm's. */
  public static @Nullable JsonNode schema(String tool) {
    JsonNode definition = TOOLS.get(tool);
    return definition == null ? null : definition.path("input_schema");
  }

  private static Map<String, JsonNode> load() {
    try (InputStream in =
        Objects.requireNonNull(ToolCatalog.class.getResourceAsStream("catalog.json"))) {
      Map<String, JsonNode> tools = new LinkedHashMap<>();
      for (JsonNode tool : HelmJson.mapper().readTree(in)) {
        tools.put(tool.path("name").asText(), tool);
      }
      return tools;
    } catch (IOException e) {
      throw new IllegalStateException("the tool catalogue of this build is broken", e);
    }
  }
}
