package dev.helm.activities.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Builds an answer from the events of a stream. Only {@code message_stop} makes it whole: a stream
 * that ends before gives nothing, so that a half-received tool call never runs.
 */
final class AnswerBuilder {
  private static final int BLOCKS_MAX = 500;

  private final Consumer<String> onText;
  private final TreeMap<Integer, Block> blocks = new TreeMap<>();
  private String messageId = "";
  private String model = "";
  private String stopReason = "";
  private long input;
  private long output;
  private long cacheRead;
  private long cacheWrite;
  private boolean whole;

  AnswerBuilder(Consumer<String> onText) {
    this.onText = onText;
  }

  /**
   * Takes one event of the stream.
   *
   * @throws ModelFault for an error event or one that breaks the protocol
   */
  void take(JsonNode event) {
    switch (event.path("type").asText()) {
      case "message_start" -> start(event.path("message"));
      case "content_block_start" ->
          open(event.path("index").asInt(-1), event.path("content_block"));
      case "content_block_delta" -> delta(event.path("index").asInt(-1), event.path("delta"));
      case "message_delta" -> {
        stopReason = event.path("delta").path("stop_reason").asText(stopReason);
        usage(event.path("usage"));
      }
      case "message_stop" -> whole = true;
      case "error" -> throw ModelFault.streamed(event.path("error"));
      default -> {
        // content_block_stop, ping, and whatever the protocol gains.
      }
    }
  }

  boolean whole() {
    return whole;
  }

  Answer build() {
    List<String> content = new ArrayList<>();
    List<Answer.RequestedAction> calls = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (Block block : blocks.values()) {
      Answer.RequestedAction call = block.call(stopReason.equals("max_tokens"));
      if (call != null) {
        calls.add(call);
        content.add(block.toolUse(call));
      } else if (block.type.equals("text") && !block.text.isEmpty()) {
        text.append(text.isEmpty() ? "" : "\n").append(block.text);
        content.add(block.textBlock());
      }
    }
    String message = "{\"role\":\"assistant\",\"content\":[" + String.join(",", content) + "]}";
    return new Answer(
        messageId,
        model,
        stopReason,
        WellFormed.text(text.toString()),
        message,
        calls,
        new Answer.Usage(input, output, cacheRead, cacheWrite));
  }

  private void start(JsonNode message) {
    messageId = message.path("id").asText("");
    model = message.path("model").asText("");
    usage(message.path("usage"));
  }

  /** Counts are cumulative: a later one replaces an earlier one. */
  private void usage(JsonNode usage) {
    input = usage.path("input_tokens").asLong(input);
    output = usage.path("output_tokens").asLong(output);
    cacheRead = usage.path("cache_read_input_tokens").asLong(cacheRead);
    cacheWrite = usage.path("cache_creation_input_tokens").asLong(cacheWrite);
  }

  private void open(int index, JsonNode block) {
    if (index < 0 || blocks.size() >= BLOCKS_MAX) {
      throw new ModelFault("the model's stream has a block at an impossible place", null, 0);
    }
    Block opened =
        new Block(
            block.path("type").asText(),
            block.path("id").asText(""),
            block.path("name").asText(""));
    opened.append(block.path("text").asText(""));
    blocks.put(index, opened);
  }

  private void delta(int index, JsonNode delta) {
    Block block = blocks.get(index);
    if (block == null) {
      throw new ModelFault(
          "the model's stream goes on with a block that it did not begin", null, 0);
    }
    switch (delta.path("type").asText()) {
      case "text_delta" -> {
        String text = delta.path("text").asText("");
        block.append(text);
        onText.accept(text);
      }
      case "input_json_delta" -> block.append(delta.path("partial_json").asText(""));
      default -> {
        // Thinking and signatures are not asked for.
      }
    }
  }

  private static final class Block {
    final String type;
    final String id;
    final String name;
    final StringBuilder text = new StringBuilder();

    Block(String type, String id, String name) {
      this.type = type;
      this.id = id;
      this.name = name;
    }

    void append(String more) {
      if (text.length() + more.length() > HelmJson.STRING_CHARS_MAX) {
        throw new ModelFault("the model's answer is larger than Helm reads", null, 0);
      }
      text.append(more);
    }

    Answer.@Nullable RequestedAction call(boolean cutShort) {
      if (!type.equals("tool_use")) {
        return null;
      }
      // Cut at the token limit, arguments that had not begun are not arguments that are empty.
      String source = text.isEmpty() && !cutShort ? "{}" : WellFormed.text(text.toString());
      boolean wellFormed = true;
      try {
        // What has no canonical form (half a surrogate pair, 2^53 and more) cannot be shown, hashed
        // and executed as one and the same.
        ToolCall.of(id, name, source).argumentsHash();
      } catch (IllegalArgumentException e) {
        wellFormed = false;
      }
      return new Answer.RequestedAction(id, name, source, wellFormed);
    }

    String textBlock() {
      ObjectNode node = HelmJson.mapper().createObjectNode();
      return node.put("type", "text").put("text", WellFormed.text(text.toString())).toString();
    }

    String toolUse(Answer.RequestedAction call) {
      ObjectNode node = HelmJson.mapper().createObjectNode();
      node.put("type", "tool_use").put("id", id).put("name", name);
      String head = node.toString();
      return head.substring(0, head.length() - 1)
          + ",\"input\":"
          + (call.wellFormed() ? call.source() : "{}")
          + "}";
    }
  }
}
