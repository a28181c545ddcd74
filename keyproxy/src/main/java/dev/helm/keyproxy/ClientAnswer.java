package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Writes one answer to the client. Each write leaves at once. */
final class ClientAnswer {
  static final int PIECE_BYTES = 16 * 1024;
  private static final int CHUNK_HEAD_BYTES = 10;
  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** The client closed its connection, or no longer reads from it. */
  static final class GoneException extends IOException {
    private static final long serialVersionUID = 1;

    GoneException(String message) {
      super(message);
    }
  }

  private final Wire wire;
  private final byte[] pieceBuffer;
  private final long writeMs;
  private int status;
  private long bytes;

  ClientAnswer(Wire wire, byte[] pieceBuffer, long writeMs) {
    this.wire = wire;
    this.pieceBuffer = pieceBuffer;
    this.writeMs = writeMs;
  }

  /** The status that was sent, 0 before. */
  int status() {
    return status;
  }

  boolean started() {
    return status != 0;
  }

  /** Payload bytes sent so far. */
  long bytes() {
    return bytes;
  }

  void head(ResponseHead head, boolean keepAlive) throws GoneException {
    ByteSink out = headOf(head, keepAlive);
    switch (head.framing()) {
      case Framing.Length(long length) -> out.add("content-length: " + length + "\r\n\r\n");
      case Framing.Chunked() -> out.add("transfer-encoding: chunked\r\n\r\n");
    }
    status = head.status();
    write(out.array(), 0, out.length());
  }

  private static ByteSink headOf(ResponseHead head, boolean keepAlive) {
    ByteSink out = new ByteSink(1024);
    out.add("HTTP/1.1 " + head.status() + " " + reason(head.status()) + "\r\n");
    for (Head.Header header : head.forwarded()) {
      out.add(header.name()).add(": ").add(header.value()).add("\r\n");
    }
    return keepAlive ? out : out.add("connection: close\r\n");
  }

  /** A whole answer that was read before, with its length in place of its framing. */
  void whole(ResponseHead head, Body body, boolean keepAlive) throws GoneException {
    ByteSink out = headOf(head, keepAlive);
    out.add("content-length: " + body.length() + "\r\n\r\n");
    body.<RuntimeException>forEach(0, body.length(), out::add);
    status = head.status();
    bytes = body.length();
    write(out.array(), 0, out.length());
  }

  /** The offset at which a piece has to stand in its buffer, with room for framing around it. */
  static int pieceOffset() {
    return CHUNK_HEAD_BYTES;
  }

  /** The one buffer of a connection for the pieces of its answers. */
  static byte[] newPieceBuffer() {
    return new byte[CHUNK_HEAD_BYTES + PIECE_BYTES + 2];
  }

  byte[] pieceBuffer() {
    return pieceBuffer;
  }

  /** Sends a piece of a body that stands at {@link #pieceOffset}. */
  void piece(byte[] buffer, int count, boolean chunked) throws GoneException {
    bytes += count;
    if (count == 0) {
      return; // an empty chunk would end the body
    }
    if (!chunked) {
      write(buffer, CHUNK_HEAD_BYTES, count);
      return;
    }
    int at = CHUNK_HEAD_BYTES;
    buffer[--at] = '\n';
    buffer[--at] = '\r';
    for (int rest = count; rest > 0; rest >>>= 4) {
      buffer[--at] = (byte) Character.forDigit(rest & 15, 16);
    }
    buffer[CHUNK_HEAD_BYTES + count] = '\r';
    buffer[CHUNK_HEAD_BYTES + count + 1] = '\n';
    write(buffer, at, CHUNK_HEAD_BYTES + count + 2 - at);
  }

  void lastChunk() throws GoneException {
    write(LAST_CHUNK, 0, LAST_CHUNK.length);
  }

  /** The proxy's own answer in the shape of the Messages API's errors. */
  void refuse(Refusal refusal, String callId, boolean keepAlive) throws GoneException {
    byte[] body = errorBody(refusal);
    ByteSink out = new ByteSink(512);
    out.add("HTTP/1.1 " + refusal.status() + " " + reason(refusal.status()) + "\r\n");
    out.add("content-type: application/json\r\nrequest-id: " + callId + "\r\n");
    out.add("x-should-retry: " + refusal.mayRetry() + "\r\n");
    if (refusal.affordableTokens() != null) {
      out.add("x-helm-affordable-tokens: " + refusal.affordableTokens() + "\r\n");
    }
    if (refusal.budget() != null) {
      out.add("x-helm-budget: " + refusal.budget() + "\r\n");
    }
    out.add("content-length: " + body.length + "\r\n");
    out.add(keepAlive ? "\r\n" : "connection: close\r\n\r\n").add(body, 0, body.length);
    status = refusal.status();
    bytes = body.length;
    write(out.array(), 0, out.length());
  }

  private static byte[] errorBody(Refusal refusal) {
    ByteArrayOutputStream body = new ByteArrayOutputStream(256);
    String message = refusal.message();
    try (JsonGenerator json = Json.STRICT.createGenerator(body)) {
      json.writeStartObject();
      json.writeStringField("type", "error");
      json.writeObjectFieldStart("error");
      json.writeStringField("type", refusal.type());
      json.writeStringField("message", message.substring(0, Math.min(message.length(), 500)));
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return body.toByteArray();
  }

  private void write(byte[] from, int offset, int count) throws GoneException {
    try {
      wire.write(from, offset, count, writeMs);
    } catch (IOException e) {
      throw new GoneException("the client does not take the answer: " + e.getMessage());
    }
  }

  /** Nobody reads it. */
  private static String reason(int status) {
    return status == 200 ? "OK" : "Refused";
  }
}
