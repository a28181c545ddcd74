package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One turn as a message: cut to the output limit, counted, and written whole or as events. */
final class Answer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CHARS_A_TOKEN = 4;

  /** What a tool call costs beside its arguments. */
  private static final int CALL_CHARS = 48;

  /** A block and how much of its text fits. */
  private record Fitted(Turn.Block block, String text) {}

  private final String id = StepIds.random("msg_01");
  private final String model;
  private final Usage usage;
  private final List<Fitted> blocks = new ArrayList<>();
  private final String stopReason;
  private final long outputTokens;

  Answer(Turn turn, String model, long maxTokens, Usage usage) {
    this.model = model;
    this.usage = usage;
    long left = maxTokens * CHARS_A_TOKEN;
    boolean cut = false;
    boolean calls = false;
    for (Turn.Block block : turn.blocks()) {
      if (cut || left <= 0) {
        cut = true;
        break;
      }
      String text = textOf(block);
      left -= block instanceof Turn.Use ? CALL_CHARS : 0;
      String fits = head(text, left);
      cut = fits.length() < text.length();
      left -= fits.length();
      calls |= block instanceof Turn.Use;
      blocks.add(new Fitted(block, fits));
    }
    this.stopReason = cut ? "max_tokens" : calls ? "tool_use" : "end_turn";
    long chars = maxTokens * CHARS_A_TOKEN - Math.max(0, left);
    this.outputTokens = Math.max(1, (chars + CHARS_A_TOKEN - 1) / CHARS_A_TOKEN);
  }

  private static String textOf(Turn.Block block) {
    return switch (block) {
      case Turn.Say say -> say.text();
      case Turn.Use use -> use.input();
    };
  }

  /** The first characters, never half of a surrogate pair. */
  private static String head(String text, long chars) {
    if (chars >= text.length()) {
      return text;
    }
    int end = (int) Math.max(0, chars);
    if (end > 0 && Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  /** The message as the body of an answer that is not streamed. */
  ObjectNode whole() throws IOException {
    ObjectNode message = frame();
    ArrayNode content = message.putArray("content");
    for (Fitted fitted : blocks) {
      content.add(
          switch (fitted.block()) {
            case Turn.Say say -> object("text").put("text", fitted.text());
            case Turn.Use use -> {
              ObjectNode block = object("tool_use").put("id", use.id()).put("name", use.tool());
              boolean complete = fitted.text().length() == use.input().length();
              yield block.set(
                  "input", complete ? JSON.readTree(use.input()) : JSON.createObjectNode());
            }
          });
    }
    message.put("stop_reason", stopReason).putNull("stop_sequence");
    message.set("usage", usage.atStart(outputTokens));
    return message;
  }

  /** Sends every event of the stream, in order and in its time. */
  void stream(EventSink sink) throws IOException, InterruptedException {
    ObjectNode start = frame();
    start.putArray("content");
    start.putNull("stop_reason").putNull("stop_sequence");
    start.set("usage", usage.atStart(1));
    sink.event("message_start", event("message_start", "message", start), 0);
    for (int i = 0; i < blocks.size(); i++) {
      block(sink, i, blocks.get(i));
    }
    ObjectNode end = object("message_delta");
    end.putObject("delta").put("stop_reason", stopReason).putNull("stop_sequence");
    end.set("usage", usage.cumulative(outputTokens));
    sink.event("message_delta", end, 0);
    sink.event("message_stop", object("message_stop"), 0);
  }

  private static void block(EventSink sink, int index, Fitted fitted)
      throws IOException, InterruptedException {
    Turn.Block block = fitted.block();
    ObjectNode begin =
        switch (block) {
          case Turn.Say say -> object("text").put("text", "");
          case Turn.Use use -> {
            ObjectNode tool = object("tool_use").put("id", use.id()).put("name", use.tool());
            tool.putObject("input");
            yield tool;
          }
        };
    ObjectNode start = object("content_block_start").put("index", index);
    start.set("content_block", begin);
    sink.event("content_block_start", start, 0);
    if (index == 0) {
      sink.event("ping", object("ping"), 0);
    }
    String type = block instanceof Turn.Say ? "text_delta" : "input_json_delta";
    String member = block instanceof Turn.Say ? "text" : "partial_json";
    if (block instanceof Turn.Use) {
      sink.event("content_block_delta", delta(index, type, member, ""), 0);
    }
    for (String piece : pieces(fitted.text(), block.pieceChars())) {
      sink.event("content_block_delta", delta(index, type, member, piece), block.paceMs());
    }
    sink.event("content_block_stop", object("content_block_stop").put("index", index), 0);
  }

  private static ObjectNode delta(int index, String type, String member, String piece) {
    ObjectNode event = object("content_block_delta").put("index", index);
    event.putObject("delta").put("type", type).put(member, piece);
    return event;
  }

  private static List<String> pieces(String text, int chars) {
    List<String> pieces = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      String piece = head(text.substring(from), chars);
      if (piece.isEmpty()) {
        piece = text.substring(from, from + 2);
      }
      pieces.add(piece);
      from += piece.length();
    }
    return pieces;
  }

  private ObjectNode frame() {
    return object("message").put("id", id).put("role", "assistant").put("model", model);
  }

  private static ObjectNode object(String type) {
    return JsonNodeFactory.instance.objectNode().put("type", type);
  }

  private static ObjectNode event(String type, String member, JsonNode value) {
    ObjectNode event = object(type);
    event.set(member, value);
    return event;
  }
}
