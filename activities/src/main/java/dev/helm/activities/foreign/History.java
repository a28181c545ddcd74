package dev.helm.activities.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A foreign agent's conversation in the form of the model's messages, so that a rollback and a fork
 * find it where they find every run's.
 */
final class History {
  private History() {}

  /** What was given: results first, then what people say; null when that is nothing. */
  static @Nullable String given(@Nullable String task, Given given) {
    ObjectNode message = HelmJson.mapper().createObjectNode().put("role", "user");
    ArrayNode content = message.putArray("content");
    for (Given.Result result : given.results()) {
      ObjectNode block =
          content
              .addObject()
              .put("type", "tool_result")
              .put("tool_use_id", result.toolUseId())
              .put("content", WellFormed.text(result.text()));
      if (result.error()) {
        block.put("is_error", true);
      }
    }
    if (task != null) {
      text(content, task);
    }
    given.messages().forEach(each -> text(content, each.text()));
    return content.isEmpty() ? null : message.toString();
  }

  /** What the agent said and asked for; null when that is nothing. */
  static @Nullable String answered(String said, List<Next.Asked> calls) {
    ObjectNode message = HelmJson.mapper().createObjectNode().put("role", "assistant");
    ArrayNode content = message.putArray("content");
    if (!said.isBlank()) {
      text(content, said);
    }
    for (Next.Asked call : calls) {
      content
          .addObject()
          .put("type", "tool_use")
          .put("id", call.toolUseId())
          .put("name", call.tool())
          .set("input", arguments(call));
    }
    return content.isEmpty() ? null : message.toString();
  }

  private static JsonNode arguments(Next.Asked call) {
    try {
      return HelmJson.mapper().valueToTree(HelmJson.readObject(call.arguments()));
    } catch (IllegalArgumentException e) {
      return HelmJson.mapper().createObjectNode();
    }
  }

  private static void text(ArrayNode content, String text) {
    content.addObject().put("type", "text").put("text", WellFormed.text(text));
  }

  /** What a call is the same as another by: its tool and arguments; null for no arguments. */
  static @Nullable String sameness(String tool, String arguments) {
    try {
      return tool + " " + ToolCall.of("call", tool, arguments).argumentsHash();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The results of earlier lives by {@link #sameness}, in the order in which they were asked. */
  static Map<String, Deque<Given.Result>> recorded(List<String> messages) {
    Map<String, String> asked = new HashMap<>();
    Map<String, Deque<Given.Result>> recorded = new HashMap<>();
    for (String message : messages) {
      for (JsonNode block : HelmJson.read(message, JsonNode.class).path("content")) {
        switch (block.path("type").asText()) {
          case "tool_use" -> {
            String same = sameness(block.path("name").asText(), block.path("input").toString());
            if (same != null) {
              asked.put(block.path("id").asText(), same);
            }
          }
          case "tool_result" -> {
            String id = block.path("tool_use_id").asText();
            String same = asked.get(id);
            if (same != null) {
              recorded
                  .computeIfAbsent(same, _ -> new ArrayDeque<>())
                  .add(
                      new Given.Result(
                          id, block.path("content").asText(), block.path("is_error").asBoolean()));
            }
          }
          default -> {}
        }
      }
    }
    return recorded;
  }
}
