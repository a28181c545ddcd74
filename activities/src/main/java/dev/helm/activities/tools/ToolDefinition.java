package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;

/**
 * A tool as the model is told of it.
 *
 * @param name as rules know it: {@code Name} or {@code mcp__server__tool}
 * @param schema JSON Schema of its arguments, an object
 */
public record ToolDefinition(String name, String description, JsonNode schema) {
  /** As an element of the {@code tools} member of a model call. */
  ObjectNode json() {
    ObjectNode tool = HelmJson.mapper().createObjectNode();
    tool.put("name", name).put("description", description).set("input_schema", schema);
    return tool;
  }
}
