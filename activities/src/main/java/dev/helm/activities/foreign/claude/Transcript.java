package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A conversation as the runtime keeps it, made from Helm's journal: a new life goes on from what
 * Helm knows, and not from what the former one had written down before it was killed.
 */
final class Transcript {
  /** What an allowed call's result says when nobody knows it. */
  static final String UNKNOWN =
      "The outcome of this call is unknown: its runtime ended while it was carried out. Look whether"
          + " it took effect before you repeat it.";

  private Transcript() {}

  /** The session that a life of a run has. */
  static String sessionId(String run, int epoch, String session) {
    return UUID.nameUUIDFromBytes(
            ("helm/" + run + "/" + epoch + "/" + session).getBytes(StandardCharsets.UTF_8))
        .toString();
  }

  /** The session's file: one JSON object a line. Every call has exactly one result in it. */
  static String of(String sessionId, String cwd, String model, List<String> history) {
    StringBuilder all = new StringBuilder();
    String parent = null;
    int n = 0;
    for (ObjectNode message : whole(history)) {
      String uuid =
          UUID.nameUUIDFromBytes((sessionId + "/" + n).getBytes(StandardCharsets.UTF_8)).toString();
      all.append(line(sessionId, cwd, model, message, uuid, parent, n++)).append('\n');
      parent = uuid;
    }
    return all.toString();
  }

  private static ObjectNode line(
      String sessionId,
      String cwd,
      String model,
      ObjectNode message,
      String uuid,
      @Nullable String parent,
      int n) {
    String role = message.path("role").asText();
    if (role.equals("assistant")) {
      message.put("id", "msg_helm_" + n).put("type", "message").put("model", model);
      message.put("stop_reason", "tool_use").putNull("stop_sequence");
      message.putObject("usage").put("input_tokens", 0).put("output_tokens", 0);
    }
    ObjectNode line = HelmJson.mapper().createObjectNode();
    line.put("parentUuid", parent).put("isSidechain", false).put("userType", "external");
    line.put("cwd", cwd).put("sessionId", sessionId).put("version", ClaudeImage.CLI_VERSION);
    line.put("type", role).set("message", message);
    line.put("uuid", uuid);
    // Now: the runtime tidies away what is old.
    line.put(
        "timestamp",
        Instant.now().truncatedTo(ChronoUnit.SECONDS).plusMillis(n % 1_000).toString());
    return line;
  }

  /** Roles alternate, each call has its one result in the next message, and nothing else is. */
  static List<ObjectNode> whole(List<String> history) {
    List<ObjectNode> messages = new ArrayList<>();
    for (String each : history) {
      JsonNode message = HelmJson.read(each, JsonNode.class);
      ArrayNode content = blocks(message.path("content"));
      String role = message.path("role").asText();
      if (content.isEmpty()) {
        continue;
      }
      if (!messages.isEmpty() && messages.getLast().path("role").asText().equals(role)) {
        ((ArrayNode) messages.getLast().path("content")).addAll(content);
      } else {
        messages.add(message(role, content));
      }
    }
    List<ObjectNode> all = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      ObjectNode message = messages.get(i);
      all.add(message);
      Set<String> calls = calls(message);
      boolean answered = i + 1 < messages.size();
      if (!calls.isEmpty()) {
        ArrayNode next =
            answered
                ? (ArrayNode) messages.get(i + 1).path("content")
                : HelmJson.mapper().createArrayNode();
        ArrayNode results = results(calls, next);
        if (answered) {
          messages.get(i + 1).set("content", results);
        } else {
          all.add(message("user", results));
        }
      }
    }
    return all;
  }

  private static ArrayNode results(Set<String> calls, ArrayNode said) {
    Map<String, JsonNode> known = new HashMap<>();
    ArrayNode rest = HelmJson.mapper().createArrayNode();
    for (JsonNode block : said) {
      if (block.path("type").asText().equals("tool_result")) {
        known.putIfAbsent(block.path("tool_use_id").asText(), block);
      } else {
        rest.add(block);
      }
    }
    ArrayNode results = HelmJson.mapper().createArrayNode();
    for (String call : calls) {
      JsonNode result = known.get(call);
      results.add(
          result != null
              ? result
              : HelmJson.mapper()
                  .createObjectNode()
                  .put("type", "tool_result")
                  .put("tool_use_id", call)
                  .put("content", UNKNOWN)
                  .put("is_error", true));
    }
    return results.addAll(rest);
  }

  private static Set<String> calls(ObjectNode message) {
    Set<String> ids = new java.util.LinkedHashSet<>();
    if (message.path("role").asText().equals("assistant")) {
      for (JsonNode block : message.path("content")) {
        if (block.path("type").asText().equals("tool_use")) {
          ids.add(block.path("id").asText());
        }
      }
    }
    return ids;
  }

  private static ArrayNode blocks(JsonNode content) {
    ArrayNode blocks = HelmJson.mapper().createArrayNode();
    Set<String> types = new HashSet<>(Set.of("text", "tool_use", "tool_result"));
    if (content.isTextual() && !content.asText().isBlank()) {
      blocks.addObject().put("type", "text").put("text", content.asText());
    }
    for (JsonNode block : content) {
      String type = block.path("type").asText();
      boolean empty = type.equals("text") && block.path("text").asText().isBlank();
      if (types.contains(type) && !empty) {
        blocks.add(block);
      }
    }
    return blocks;
  }

  private static ObjectNode message(String role, ArrayNode content) {
    ObjectNode message = HelmJson.mapper().createObjectNode().put("role", role);
    message.set("content", content);
    return message;
  }
}
