package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Walks messages and their content blocks. What a tool call holds as input is free, and skipped.
 */
final class ContentScan {
  private static final int MAX_IMAGES = 1_000;
  private static final int MAX_MARK_BYTES = 256;
  private static final String MARK_NAME = "\"cache_control\"";
  private static final Set<String> ROLES = Set.of("user", "assistant", "system");
  private static final Set<String> BLOCKS =
      Set.of(
          "text",
          "image",
          "document",
          "search_result",
          "thinking",
          "redacted_thinking",
          "tool_use",
          "tool_result",
          "tool_reference");

  private final JsonParser parser;
  private final Body body;
  private final PrefixHashes hashes;
  private final List<Integer> images = new ArrayList<>();

  ContentScan(JsonParser parser, Body body, PrefixHashes hashes) {
    this.parser = parser;
    this.body = body;
    this.hashes = hashes;
  }

  List<Integer> images() {
    return images;
  }

  /** Takes one member of an object; its value is the current token and is to be consumed. */
  @FunctionalInterface
  interface Member {
    void take(String name, JsonToken value) throws IOException, Refusal;
  }

  /** The current token must open an object; hands over its members. */
  void inObject(String what, Member member) throws IOException, Refusal {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw RequestScan.refused(what + " must be an object");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      member.take(name, parser.nextToken());
    }
  }

  void messages(JsonToken value) throws IOException, Refusal {
    if (value != JsonToken.START_ARRAY) {
      throw RequestScan.refused("messages must be an array");
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      int from = Json.offset(parser);
      inObject("a message", this::messageMember);
      hashes.message(from, Json.end(parser, body));
    }
  }

  private void messageMember(String name, JsonToken value) throws IOException, Refusal {
    switch (name) {
      case "role" -> {
        if (value != JsonToken.VALUE_STRING || !ROLES.contains(parser.getText())) {
          throw RequestScan.refused("a message's role must be user, assistant or system");
        }
      }
      case "content" -> textOrBlocks(value);
      default -> parser.skipChildren();
    }
  }

  void textOrBlocks(JsonToken value) throws IOException, Refusal {
    switch (value) {
      case VALUE_STRING, VALUE_NULL -> {}
      case START_ARRAY -> {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          new Block().scan();
        }
      }
      default -> throw RequestScan.refused("content must be a string or an array of blocks");
    }
  }

  /**
   * A cache mark. It is left out of the hash, so that it must be small and hold nothing of the
   * prompt: else a client could hide text from the bound that the hash stands for.
   */
  void mark(JsonToken value) throws IOException, Refusal {
    int start = Json.offset(parser);
    int from = nameBefore(start);
    if (value != JsonToken.VALUE_NULL) {
      inObject("cache_control", this::markMember);
    }
    int to = Json.end(parser, body);
    if (to - from > MAX_MARK_BYTES) {
      throw RequestScan.refused("cache_control is longer than " + MAX_MARK_BYTES + " bytes");
    }
    hashes.mark(from, to);
  }

  private void markMember(String name, JsonToken value) throws Refusal {
    if (!Set.of("type", "ttl", "scope").contains(name) || value != JsonToken.VALUE_STRING) {
      throw RequestScan.refused("cache_control may hold type, ttl and scope only, as strings");
    }
  }

  private int nameBefore(int valueStart) throws Refusal {
    int at = valueStart - 1;
    while (at > 0 && ": \t\r\n".indexOf(body.at(at)) >= 0) {
      at--;
    }
    int from = at - MARK_NAME.length() + 1;
    for (int i = 0; i < MARK_NAME.length(); i++) {
      if (from < 0 || body.at(from + i) != MARK_NAME.charAt(i)) {
        throw RequestScan.refused("cache_control must be written without escapes");
      }
    }
    return from;
  }

  private String text(JsonToken value, String what) throws IOException, Refusal {
    if (value != JsonToken.VALUE_STRING) {
      throw RequestScan.refused(what + " must be a string");
    }
    return parser.getText();
  }

  /** One content block; its type may stand behind what it governs. */
  private final class Block {
    private String type = "";
    private String source = "";
    private int dataBytes;

    void scan() throws IOException, Refusal {
      inObject("a content block", this::member);
      if (!BLOCKS.contains(type)) {
        throw RequestScan.refused("content blocks of this type are refused: no bounded cost");
      }
      boolean image = type.equals("image");
      boolean document = type.equals("document");
      if (source.equals("base64") && document) {
        throw RequestScan.refused(
            "PDF documents are refused: their cost is not bounded by their bytes; send the text");
      }
      if ((image && !source.equals("base64")) || (!image && !document && !source.isEmpty())) {
        throw RequestScan.refused("an image needs a base64 source, and only it and a document one");
      }
      if (image) {
        images.add(dataBytes);
      }
      if (images.size() > MAX_IMAGES) {
        throw RequestScan.refused("more than " + MAX_IMAGES + " images; send fewer");
      }
    }

    private void member(String name, JsonToken value) throws IOException, Refusal {
      switch (name) {
        case "type" -> type = text(value, "a block's type");
        case "cache_control" -> mark(value);
        case "content" -> textOrBlocks(value);
        case "source" -> {
          if (value == JsonToken.START_OBJECT) {
            source = "none";
            inObject("a source", this::sourceMember);
          }
        }
        case "url", "file_id" -> throw byReference();
        default -> parser.skipChildren();
      }
    }

    private void sourceMember(String name, JsonToken value) throws IOException, Refusal {
      switch (name) {
        case "type" -> {
          source = text(value, "a source's type");
          if (!Set.of("base64", "text", "content").contains(source)) {
            throw byReference();
          }
        }
        case "data" -> dataBytes = Json.end(parser, body) - Json.offset(parser) - 2;
        case "content" -> textOrBlocks(value);
        case "url", "file_id" -> throw byReference();
        default -> parser.skipChildren();
      }
    }

    private static Refusal byReference() {
      return RequestScan.refused(
          "content by reference (a URL or a file id) is refused: its cost is not in the request;"
              + " send the content itself");
    }
  }
}
