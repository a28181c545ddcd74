package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request's messages say, in order.
 *
 * @param userTexts what the user side wrote, without tool results
 * @param assistantTexts the model's text blocks, stripped
 */
record Conversation(
    String system,
    String firstUser,
    List<String> userTexts,
    List<String> assistantTexts,
    List<Seen> calls) {
  private static final int RESULT_CAP_CHARS = 262_144;

  /** A tool call with its result, which only the newest calls of a broken client may lack. */
  record Seen(String id, @Nullable Outcome outcome) {}

  record Outcome(boolean error, String text) {}

  static Conversation of(JsonNode body) {
    List<String> user = new ArrayList<>();
    List<String> assistant = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    Map<String, Outcome> outcomes = new HashMap<>();
    String firstUser = "";
    boolean first = true;
    for (JsonNode message : body.path("messages")) {
      boolean byUser = message.path("role").asText().equals("user");
      List<String> texts = texts(message.path("content"));
      (byUser ? user : assistant).addAll(texts);
      if (first) {
        firstUser = String.join("\n", texts);
        first = false;
      }
      for (JsonNode block : message.path("content")) {
        String type = block.path("type").asText();
        if (!byUser && type.equals("tool_use")) {
          ids.add(block.path("id").asText());
        } else if (byUser && type.equals("tool_result")) {
          outcomes.put(block.path("tool_use_id").asText(), outcome(block));
        }
      }
    }
    List<Seen> calls = ids.stream().map(id -> new Seen(id, outcomes.get(id))).toList();
    return new Conversation(
        String.join("\n", texts(body.path("system"))),
        firstUser,
        List.copyOf(user),
        List.copyOf(assistant),
        calls);
  }

  private static Outcome outcome(JsonNode block) {
    String text = String.join("\n", texts(block.path("content")));
    return new Outcome(
        block.path("is_error").asBoolean(false),
        text.length() > RESULT_CAP_CHARS ? text.substring(0, RESULT_CAP_CHARS) : text);
  }

  private static List<String> texts(JsonNode content) {
    if (content.isTextual()) {
      return List.of(content.asText().strip());
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode block : content) {
      if (block.path("type").asText().equals("text")) {
        texts.add(block.path("text").asText().strip());
      }
    }
    return texts;
  }
}
