package dev.helm.activities.sandbox;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Frames of the executor's protocol: 4-byte big-endian length, then one JSON object. */
final class Frames {
  static final int MAX_HELLO_BYTES = 64 << 10;
  static final int MAX_FROM_EXECUTOR_BYTES = 1 << 20;
  static final int MAX_TO_EXECUTOR_BYTES = 16 << 20;
  private static final int FIRST_READ_BYTES = 64 << 10;

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(6)
                          .maxNumberLength(20)
                          .maxStringLength(MAX_FROM_EXECUTOR_BYTES)
                          .maxNameLength(64)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Frames() {}

  static ObjectNode frame(String type) {
    return JSON.createObjectNode().put("t", type);
  }

  /** Reads one frame; {@link EOFException} at a clean end. */
  static ObjectNode read(SocketChannel channel, int limitBytes) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(4);
    readFully(channel, head);
    int length = head.flip().getInt();
    if (length < 2 || length > limitBytes) {
      throw new ProtocolViolation("frame length " + length + ", allowed 2 to " + limitBytes);
    }
    return parse(readBody(channel, length));
  }

  static void write(SocketChannel channel, ObjectNode frame) throws IOException {
    byte[] body = JSON.writeValueAsBytes(frame);
    if (body.length > MAX_TO_EXECUTOR_BYTES) {
      throw new SandboxRefused(
          "too_large", "the command and its input exceed " + MAX_TO_EXECUTOR_BYTES + " bytes");
    }
    ByteBuffer out = ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).flip();
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  static String text(JsonNode frame, String member) throws ProtocolViolation {
    JsonNode value = frame.get(member);
    if (value == null || !value.isTextual()) {
      throw new ProtocolViolation(member + " is not a text");
    }
    return value.textValue();
  }

  static long count(JsonNode frame, String member) throws ProtocolViolation {
    JsonNode value = frame.get(member);
    if (value == null || !value.canConvertToLong() || value.longValue() < 0) {
      throw new ProtocolViolation(member + " is not a count");
    }
    return value.longValue();
  }

  static int integer(JsonNode frame, String member) throws ProtocolViolation {
    JsonNode value = frame.get(member);
    if (value == null || !value.isIntegralNumber() || !value.canConvertToInt()) {
      throw new ProtocolViolation(member + " is not an integer");
    }
    return value.intValue();
  }

  static byte[] bytes(JsonNode frame, String member) throws ProtocolViolation {
    String encoded = text(frame, member);
    try {
      return java.util.Base64.getDecoder().decode(encoded);
    } catch (IllegalArgumentException e) {
      throw new ProtocolViolation(member + " is not base64");
    }
  }

  private static ObjectNode parse(byte[] body) throws ProtocolViolation {
    try {
      // Decoded strictly first: the parser itself is lenient about some malformed UTF-8.
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
      if (JSON.readTree(text) instanceof ObjectNode frame) {
        return frame;
      }
      throw new ProtocolViolation("frame is not a JSON object");
    } catch (CharacterCodingException e) {
      throw new ProtocolViolation("frame is not UTF-8");
    } catch (JsonProcessingException e) {
      throw new ProtocolViolation("frame is not JSON within the limits");
    }
  }

  /** Grows as bytes arrive, so that a length alone allocates little. */
  private static byte[] readBody(SocketChannel channel, int length) throws IOException {
    byte[] body = new byte[Math.min(length, FIRST_READ_BYTES)];
    int have = 0;
    while (true) {
      readFully(channel, ByteBuffer.wrap(body, have, body.length - have));
      have = body.length;
      if (have == length) {
        return body;
      }
      body = Arrays.copyOf(body, Math.min(length, 4 * have));
    }
  }

  private static void readFully(SocketChannel channel, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException("connection closed");
      }
    }
  }
}
