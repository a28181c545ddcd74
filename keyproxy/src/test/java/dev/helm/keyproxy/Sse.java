package dev.helm.keyproxy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Streams as the Messages API sends them. */
final class Sse {
  static final String HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_1\r\n"
          + "x-secret-of-upstream: 1\r\ntransfer-encoding: chunked\r\n\r\n";
  private static final String LIE = "\\\"usage\\\":{\\\"output_tokens\\\":999999}";

  private Sse() {}

  static String event(String type, String members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + members + "}\n\n";
  }

  static String start() {
    return event(
        "message_start",
        ",\"message\":{\"id\":\"msg_01\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],"
            + "\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":30,"
            + "\"cache_read_input_tokens\":40,\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,"
            + "\"ephemeral_1h_input_tokens\":10},\"output_tokens\":1}}");
  }

  static String delta(String text) {
    return event(
        "content_block_delta",
        ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" + text + LIE + "\"}");
  }

  static String end(int outputTokens) {
    return event(
            "message_delta",
            ",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":"
                + outputTokens
                + "}")
        + event("message_stop", "");
  }

  static String whole(int deltas) {
    StringBuilder all = new StringBuilder(start()).append(event("ping", ""));
    for (int i = 0; i < deltas; i++) {
      all.append(delta("größe 漢字 \uD83D\uDE80 " + i));
    }
    return all.append(end(932)).toString();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] chunk(byte[] bytes, int from, int to) {
    ByteSink chunk = new ByteSink(to - from + 16);
    return chunk
        .add(Integer.toHexString(to - from) + "\r\n")
        .add(bytes, from, to - from)
        .add("\r\n")
        .toBytes();
  }

  static void chunk(OutputStream out, String text) throws IOException {
    byte[] bytes = bytes(text);
    out.write(chunk(bytes, 0, bytes.length));
    out.flush();
  }

  /** A whole good stream, an event a chunk. */
  static void send(OutputStream out) throws IOException {
    out.write(bytes(HEAD));
    for (String event : whole(3).split("(?<=\n\n)")) {
      chunk(out, event);
    }
    out.write(bytes("0\r\n\r\n"));
    out.flush();
  }
}
