package dev.helm.activities.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.agents.AgentView;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import java.util.List;
import java.util.Map;

/**
 * The body of a model call. Messages are spliced in as the text that is stored; only the last two
 * of the user carry cache marks, so that each turn reads the turns before from the model's cache
 * and a run's cost grows linearly with its turns.
 */
final class RequestBody {
  private static final ObjectNode EPHEMERAL =
      HelmJson.mapper().createObjectNode().put("type", "ephemeral");

  private RequestBody() {}

  static String write(
      String model, int maxTokens, String system, String toolsJson, List<String> messages) {
    ObjectNode head = HelmJson.mapper().createObjectNode();
    head.put("model", model).put("max_tokens", maxTokens).put("stream", true);
    if (!system.isBlank()) {
      // The API refuses an empty block.
      ObjectNode block =
          head.putArray("system").addObject().put("type", "text").put("text", system);
      block.set("cache_control", EPHEMERAL);
    }
    String open = head.toString();
    StringBuilder body = new StringBuilder(open.length() + 64 * 1024);
    body.append(open, 0, open.length() - 1);
    if (!toolsJson.equals("[]")) {
      body.append(",\"tools\":").append(toolsJson);
    }
    body.append(",\"messages\":[");
    int marksFrom = markFrom(messages);
    for (int i = 0; i < messages.size(); i++) {
      String message = messages.get(i);
      body.append(i == 0 ? "" : ",")
          .append(i >= marksFrom && isUser(message) ? marked(message) : message);
    }
    return body.append("]}").toString();
  }

  /** A user message with text blocks. */
  static String userText(List<String> texts) {
    return user(List.of(), texts);
  }

  /** A user message: results first, as the protocol wants, then what people say. */
  static String user(List<Result> results, List<String> texts) {
    ObjectNode message = HelmJson.mapper().createObjectNode().put("role", "user");
    ArrayNode content = message.putArray("content");
    for (Result result : results) {
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
    for (String text : texts) {
      content.addObject().put("type", "text").put("text", WellFormed.text(text));
    }
    return message.toString();
  }

  /** Replaces {@code ${name}} by the input's value; unknown names stay as they are. */
  static String fill(String template, Map<String, Object> input) {
    return AgentView.fill(template, input);
  }

  record Result(String toolUseId, String text, boolean error) {}

  private static boolean isUser(String message) {
    return message.startsWith("{\"role\":\"user\"");
  }

  private static int markFrom(List<String> messages) {
    int seen = 0;
    for (int i = messages.size() - 1; i >= 0; i--) {
      if (isUser(messages.get(i)) && ++seen == 2) {
        return i;
      }
    }
    return 0;
  }

  private static String marked(String message) {
    JsonNode node = HelmJson.read(message, JsonNode.class);
    JsonNode content = node.path("content");
    if (content.isArray() && !content.isEmpty()) {
      ((ObjectNode) content.get(content.size() - 1)).set("cache_control", EPHEMERAL);
    }
    return node.toString();
  }
}
