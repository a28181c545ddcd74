package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads usage out of message JSON by its path. A model can write text that looks like a usage
 * object, so that no other place counts.
 */
final class MessageJson {
  private final Usage.Collector usage = new Usage.Collector();
  private String type = "";
  private @Nullable String messageId;
  private boolean broken;

  /** Reads a whole message; null if it is none or its usage is missing. */
  static UsageScan.@Nullable Seen usageOf(Body body) {
    MessageJson json = new MessageJson();
    try (JsonParser parser = Json.STRICT.createParser(body.stream())) {
      parser.nextToken();
      json.message(parser);
      return parser.nextToken() == null && json.type.equals("message") ? json.seen() : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** Reads the data of one event and gives its type. */
  String readEvent(byte[] json, int length) {
    type = "";
    try (JsonParser parser = Json.STRICT.createParser(json, 0, length)) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          eventMember(parser, parser.currentName());
        }
      }
      return type;
    } catch (IOException e) {
      broken = true;
      return "";
    }
  }

  private void eventMember(JsonParser parser, String name) throws IOException {
    parser.nextToken();
    switch (name) {
      case "type" -> type = String.valueOf(parser.getValueAsString());
      case "usage" -> usage.read(parser);
      case "message" -> {
        String outer = type;
        message(parser);
        type = outer;
      }
      default -> parser.skipChildren();
    }
  }

  private void message(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      switch (name) {
        case "type" -> type = String.valueOf(parser.getValueAsString());
        case "id" -> messageId = plainId(parser.getValueAsString());
        case "usage" -> usage.read(parser);
        default -> parser.skipChildren();
      }
    }
  }

  private static @Nullable String plainId(@Nullable String id) {
    return id != null && id.matches("[A-Za-z0-9_.:-]{1,128}") ? id : null;
  }

  UsageScan.@Nullable Seen seen() {
    return usage.complete() && !broken ? new UsageScan.Seen(usage.usage(), messageId) : null;
  }
}
