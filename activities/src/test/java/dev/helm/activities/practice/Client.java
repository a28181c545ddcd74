package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** A small client of the Messages API that holds one conversation, for the tests. */
final class Client {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** One streamed answer, put together again. */
  record Heard(ArrayNode content, String stopReason, JsonNode usage, String raw) {
    String text() {
      StringBuilder text = new StringBuilder();
      content.forEach(block -> text.append(block.path("text").asText("")));
      return text.toString();
    }

    List<JsonNode> calls() {
      List<JsonNode> calls = new ArrayList<>();
      content.forEach(
          block -> {
            if (block.path("type").asText().equals("tool_use")) {
              calls.add(block);
            }
          });
      return calls;
    }
  }

  /** The tool side: gets a tool_use block, gives a tool_result's content or throws to fail. */
  interface Tools {
    String run(String tool, JsonNode input) throws Exception;
  }

  private int port;
  final ObjectNode request = JSON.createObjectNode();
  final ArrayNode messages = request.putArray("messages");

  Client(int port, String system, String task, String... tools) {
    this.port = port;
    request.put("model", "claude-sonnet-4-5").put("max_tokens", 8192).put("stream", true);
    request.put("system", system);
    ArrayNode offered = request.putArray("tools");
    for (String tool : tools) {
      ObjectNode one = offered.addObject().put("name", tool).put("description", tool);
      one.putObject("input_schema").put("type", "object");
    }
    messages.addObject().put("role", "user").put("content", task);
  }

  void movedTo(int newPort) {
    port = newPort;
  }

  HttpResponse<String> post() throws IOException, InterruptedException {
    return post("/v1/messages", request.toString(), Map.of());
  }

  HttpResponse<String> post(String path, String body, Map<String, String> headers)
      throws IOException, InterruptedException {
    Map<String, String> all =
        new TreeMap<>(Map.of("x-api-key", "any", "anthropic-version", "2023-06-01"));
    all.putAll(headers);
    HttpRequest.Builder http =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(30))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    all.forEach(
        (name, value) -> {
          if (!value.isEmpty()) {
            http.header(name, value);
          }
        });
    return HTTP.send(http.build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Asks for the next turn and appends it to the conversation. */
  Heard turn() throws IOException, InterruptedException {
    HttpResponse<String> response = post();
    if (response.statusCode() != 200) {
      throw new IOException(response.statusCode() + ": " + response.body());
    }
    Heard heard = heard(response.body());
    messages.addObject().put("role", "assistant").set("content", heard.content());
    return heard;
  }

  /** Answers every call of a turn; what the person then says follows as text. */
  void answer(Heard heard, Tools tools, Supplier<String> person) {
    ArrayNode content = JSON.createArrayNode();
    for (JsonNode call : heard.calls()) {
      ObjectNode result = content.addObject().put("type", "tool_result");
      result.put("tool_use_id", call.path("id").asText());
      try {
        result.put("content", tools.run(call.path("name").asText(), call.path("input")));
      } catch (Exception e) {
        result.put("content", String.valueOf(e.getMessage())).put("is_error", true);
      }
    }
    String said = person.get();
    if (!said.isEmpty()) {
      content.addObject().put("type", "text").put("text", said);
    }
    messages.addObject().put("role", "user").set("content", content);
  }

  static Heard heard(String stream) throws IOException {
    ArrayNode content = JSON.createArrayNode();
    List<StringBuilder> inputs = new ArrayList<>();
    String stop = "";
    JsonNode usage = JSON.createObjectNode();
    for (String part : stream.split("\n\n")) {
      JsonNode event = JSON.readTree(part.substring(part.indexOf("data: ") + 6));
      switch (event.path("type").asText()) {
        case "content_block_start" -> {
          content.add(event.path("content_block").deepCopy());
          inputs.add(new StringBuilder());
        }
        case "content_block_delta" -> {
          int index = event.path("index").asInt();
          JsonNode delta = event.path("delta");
          inputs.get(index).append(delta.path("partial_json").asText(""));
          if (delta.has("text")) {
            ObjectNode block = (ObjectNode) content.get(index);
            block.put("text", block.path("text").asText() + delta.path("text").asText());
          }
        }
        case "content_block_stop" -> {
          int index = event.path("index").asInt();
          if (!inputs.get(index).isEmpty()) {
            ((ObjectNode) content.get(index))
                .set("input", JSON.readTree(inputs.get(index).toString()));
          }
        }
        case "message_delta" -> {
          stop = event.path("delta").path("stop_reason").asText();
          usage = event.path("usage");
        }
        default -> {}
      }
    }
    return new Heard(content, stop, usage, stream);
  }
}
