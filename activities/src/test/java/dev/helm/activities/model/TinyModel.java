package dev.helm.activities.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/** A model of few words: answers each request with the next thing it was told to say. */
final class TinyModel implements AutoCloseable {
  /** Bodies of all requests, oldest first. */
  final List<JsonNode> asked = Collections.synchronizedList(new ArrayList<>());

  private final Deque<Said> next = new ArrayDeque<>();
  private final HttpServer server;
  private int messages;

  private record Said(int status, Map<String, String> headers, String body) {}

  TinyModel() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 100);
    server.createContext("/", this::handle);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Refuses. */
  TinyModel refuses(int status, Map<String, String> headers) {
    return say(new Said(status, headers, "{\"error\":{\"type\":\"e\",\"message\":\"no\"}}"));
  }

  /** A whole answer. */
  TinyModel says(String text, Call... calls) {
    return say(new Said(200, Map.of(), start() + blocks(text, calls) + end("end_turn")));
  }

  /** An answer cut at the token limit. */
  TinyModel saysCutAtLimit(String text, Call... calls) {
    return say(new Said(200, Map.of(), start() + blocks(text, calls) + end("max_tokens")));
  }

  /** An answer whose stream ends too early. */
  TinyModel saysHalf(String text, Call... calls) {
    return say(new Said(200, Map.of(), start() + blocks(text, calls)));
  }

  /** A call; {@code json} is what the stream carries, whatever it is. */
  record Call(String id, String tool, String json) {}

  private synchronized TinyModel say(Said said) {
    next.add(said);
    return this;
  }

  private synchronized Said take(JsonNode body) {
    asked.add(body);
    Said said = next.poll();
    return said == null ? new Said(400, Map.of(), "{\"error\":{\"message\":\"silent\"}}") : said;
  }

  private void handle(HttpExchange exchange) throws IOException {
    Said said = take(HelmJson.mapper().readTree(exchange.getRequestBody()));
    said.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
    exchange.sendResponseHeaders(said.status(), 0);
    try (var out = exchange.getResponseBody()) {
      out.write(said.body().getBytes(StandardCharsets.UTF_8));
    }
  }

  private String start() {
    ObjectNode event = HelmJson.mapper().createObjectNode().put("type", "message_start");
    ObjectNode message = event.putObject("message");
    message.put("id", "msg_" + ++messages).put("model", "claude-test");
    message.putObject("usage").put("input_tokens", 11).put("output_tokens", 1);
    return line(event);
  }

  private static String blocks(String text, Call... calls) {
    StringBuilder stream = new StringBuilder();
    int index = 0;
    if (!text.isEmpty()) {
      stream.append(block(index, block("text")));
      stream.append(delta(index++, "text_delta", "text", text));
    }
    for (Call call : calls) {
      stream.append(block(index, block("tool_use").put("id", call.id()).put("name", call.tool())));
      for (int i = 0; i < call.json().length(); i += 5) {
        String piece = call.json().substring(i, Math.min(call.json().length(), i + 5));
        stream.append(delta(index, "input_json_delta", "partial_json", piece));
      }
      index++;
    }
    return stream.toString();
  }

  private static ObjectNode block(String type) {
    return HelmJson.mapper().createObjectNode().put("type", type);
  }

  private static String block(int index, ObjectNode block) {
    ObjectNode event = HelmJson.mapper().createObjectNode().put("type", "content_block_start");
    event.put("index", index).set("content_block", block);
    return line(event);
  }

  private static String delta(int index, String type, String member, String value) {
    ObjectNode event = HelmJson.mapper().createObjectNode().put("type", "content_block_delta");
    event.put("index", index).putObject("delta").put("type", type).put(member, value);
    return line(event);
  }

  private static String end(String stopReason) {
    ObjectNode event = HelmJson.mapper().createObjectNode().put("type", "message_delta");
    event.putObject("delta").put("stop_reason", stopReason);
    event.putObject("usage").put("output_tokens", 7).put("cache_read_input_tokens", 5);
    return line(event) + "data: {\"type\":\"message_stop\"}\n\n";
  }

  private static String line(ObjectNode event) {
    return "event: " + event.path("type").asText() + "\ndata: " + event + "\n\n";
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
