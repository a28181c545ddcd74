package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** The ledger's protocol: one JSON object a line. */
final class LedgerLines {
  static final int MAX_LINE_BYTES = 256 * 1024;

  private LedgerLines() {}

  /** An answer's members; those that did not come are null. */
  record Answer(
      @Nullable String op,
      @Nullable String id,
      boolean ok,
      @Nullable String run,
      @Nullable Integer status,
      @Nullable String code,
      @Nullable String message,
      @Nullable Long affordableTokens,
      @Nullable String budget) {}

  /** Writes the members of one line. */
  @FunctionalInterface
  private interface Members {
    void write(JsonGenerator json) throws IOException;
  }

  static byte[] hello(String boot, String secret) {
    return line(
        "hello",
        json -> {
          json.writeNumberField("v", 1);
          json.writeStringField("boot", boot);
          json.writeStringField("secret", secret);
        });
  }

  static byte[] reserve(Reservation reservation) {
    ModelRequest request = reservation.request();
    return line(
        "reserve",
        json -> {
          json.writeStringField("id", reservation.id());
          json.writeStringField("token", reservation.token());
          if (reservation.call() != null) {
            json.writeStringField("call", reservation.call());
          }
          json.writeStringField("model", request.model());
          json.writeNumberField("maxTokens", request.maxTokens());
          json.writeNumberField("bodyBytes", reservation.bodyBytes());
          json.writeArrayFieldStart("images");
          for (int bytes : request.images()) {
            json.writeStartObject();
            json.writeNumberField("bytes", bytes);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("prefixes");
          for (ModelRequest.Prefix prefix : request.prefixes()) {
            json.writeStartObject();
            json.writeStringField("sha256", prefix.sha256());
            json.writeNumberField("bytes", prefix.bytes());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] closing(Closing closing) {
    return switch (closing) {
      case Closing.Void(String id) -> line("void", json -> json.writeStringField("id", id));
      case Closing.Charge(String id, Closing.Reason reason) ->
          line(
              "charge",
              json -> {
                json.writeStringField("id", id);
                json.writeStringField("reason", reason.word());
              });
      case Closing.Settle settle -> line("settle", json -> writeSettle(json, settle));
    };
  }

  private static void writeSettle(JsonGenerator json, Closing.Settle settle) throws IOException {
    Usage usage = settle.usage();
    json.writeStringField("id", settle.id());
    json.writeObjectFieldStart("usage");
    json.writeNumberField("inputTokens", usage.inputTokens());
    json.writeNumberField("outputTokens", usage.outputTokens());
    json.writeNumberField("cacheReadTokens", usage.cacheReadTokens());
    json.writeNumberField("cacheWriteTokens", usage.cacheWriteTokens());
    json.writeNumberField("cacheWrite1hTokens", usage.cacheWrite1hTokens());
    json.writeEndObject();
    if (settle.messageId() != null) {
      json.writeStringField("messageId", settle.messageId());
    }
  }

  private static byte[] line(String op, Members members) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator json = Json.STRICT.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("op", op);
      members.write(json);
      json.writeEndObject();
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return out.toByteArray();
  }

  /** Reads one answer; unknown members are skipped. */
  static Answer read(byte[] line, int length) throws IOException {
    String op = null;
    String id = null;
    boolean ok = false;
    String run = null;
    Integer status = null;
    String code = null;
    String message = null;
    Long affordable = null;
    String budget = null;
    try (JsonParser parser = Json.STRICT.createParser(line, 0, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("the ledger sent something that is no object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "op" -> op = parser.getValueAsString();
          case "id" -> id = parser.getValueAsString();
          case "ok" -> ok = parser.currentToken() == JsonToken.VALUE_TRUE;
          case "run" -> run = parser.getValueAsString();
          case "status" -> status = parser.getValueAsInt(503);
          case "code" -> code = parser.getValueAsString();
          case "message" -> message = parser.getValueAsString();
          case "affordableTokens" -> affordable = parser.getValueAsLong(0);
          case "budget" -> budget = parser.getValueAsString();
          default -> parser.skipChildren();
        }
      }
    }
    return new Answer(op, id, ok, run, status, code, message, affordable, budget);
  }
}
