package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A conversation in words, for a runtime that begins a new one and is to go on all the same. */
final class Summary {
  /** Most characters of one text, call or result. */
  private static final int PART_CHARS_MAX = 4_000;

  /** Most characters of all; of more, the newest are kept. */
  private static final int CHARS_MAX = 200_000;

  private Summary() {}

  /** What Helm's journal knows: each call with its result, and those without one as unknown. */
  static String of(String task, List<String> history) {
    StringBuilder all = new StringBuilder();
    for (ObjectNode message : Transcript.whole(history)) {
      boolean agent = message.path("role").asText().equals("assistant");
      for (JsonNode block : message.path("content")) {
        all.append(
            switch (block.path("type").asText()) {
              case "tool_use" ->
                  "You called "
                      + block.path("name").asText()
                      + " "
                      + cut(block.path("input"))
                      + "\n";
              case "tool_result" -> "Its result: " + cut(block.path("content")) + "\n";
              default ->
                  (agent ? "You said: " : "You were told: ") + cut(block.path("text")) + "\n";
            });
      }
    }
    String known = all.length() <= CHARS_MAX ? all.toString() : "…" + tail(all);
    return "Your task:\n"
        + task
        + "\n\nYou have worked on it before. This is all that is known of that, oldest first; do not"
        + " repeat what has been done:\n"
        + known
        + "\nGo on from there.";
  }

  private static String tail(StringBuilder all) {
    return all.substring(all.length() - CHARS_MAX);
  }

  private static String cut(JsonNode part) {
    String text = part.isTextual() ? part.asText() : part.toString();
    return text.length() <= PART_CHARS_MAX ? text : text.substring(0, PART_CHARS_MAX) + "…";
  }
}
