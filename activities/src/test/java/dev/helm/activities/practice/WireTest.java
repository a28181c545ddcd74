package dev.helm.activities.practice;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WireTest {
  private static final Path RESOURCES = Path.of("src", "test", "resources", "practice");
  private PracticeModel model;

  @BeforeAll
  void start() throws Exception {
    model = PracticeModel.start(0, List.of(RESOURCES.resolve("scenarios")), false);
  }

  @AfterAll
  void stop() throws Exception {
    model.close();
  }

  private Client client() {
    return new Client(model.port(), "wire", "Look around.", "Read", "Bash");
  }

  /** Ids are random, all else is compared byte for byte; -Dhelm.golden.write=true records anew. */
  private static void golden(String name, String got) throws Exception {
    String masked =
        got.replaceAll("toolu_01[0-9A-Za-z]{22}", "toolu_ID")
            .replaceAll("msg_01[0-9A-Za-z]{22}", "msg_ID");
    Path file = RESOURCES.resolve(name);
    if (Boolean.getBoolean("helm.golden.write")) {
      Files.writeString(file, masked);
    }
    assertThat(masked).isEqualTo(Files.readString(file));
  }

  @Test
  void streamsAsTheRealApi() throws Exception {
    Client client = client();
    HttpResponse<String> first = client.post();
    assertThat(first.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    assertThat(first.headers().firstValue("request-id").orElse("")).startsWith("req_01");
    golden("golden-tools.sse", first.body());
    Client.Heard heard = client.turn();
    assertThat(heard.calls().getFirst().path("input").path("deep").toString())
        .isEqualTo("[{\"x\":\"1 of 1\"},true,null,\"${plain}\"]");
    client.answer(heard, (tool, input) -> "fine", () -> "");
    golden("golden-end.sse", client.post().body());
  }

  @Test
  void answersWholeWithoutStream() throws Exception {
    Client client = client();
    client.request.put("stream", false);
    golden("golden-whole.json", client.post().body());
  }

  @Test
  void explainsItselfWithoutScenario() throws Exception {
    Client client = new Client(model.port(), "x", "Sort my shelf");
    Client.Heard heard = client.turn();
    assertThat(heard.stopReason()).isEqualTo("end_turn");
    assertThat(heard.text())
        .contains("practice model, not a language model")
        .contains("Sort my shelf");
  }

  @Test
  void cutsAtTheOutputLimitAndGoesOnAfterwards() throws Exception {
    Client client = client();
    client.request.put("max_tokens", 3);
    Client.Heard heard = client.turn();
    assertThat(heard.stopReason()).isEqualTo("max_tokens");
    assertThat(heard.text()).isEqualTo("Looking at “");
    assertThat(heard.usage().path("output_tokens").asInt()).isEqualTo(3);
  }

  @Test
  void oneCallATurnIfTheClientWantsThat() throws Exception {
    Client client = client();
    client
        .request
        .putObject("tool_choice")
        .put("type", "auto")
        .put("disable_parallel_tool_use", true);
    Client.Heard first = client.turn();
    client.answer(first, (tool, input) -> "fine", () -> "");
    Client.Heard second = client.turn();
    client.answer(second, (tool, input) -> "fine", () -> "");
    assertThat(first.calls()).hasSize(1);
    assertThat(second.calls()).hasSize(1);
    assertThat(second.calls().getFirst().path("name").asText()).isEqualTo("Bash");
    assertThat(client.turn().text()).isEqualTo("Finished.");
  }

  @Test
  void cachesPrefixesAsMarked() throws Exception {
    Client client = client();
    ObjectNode system = client.request.putArray("system").addObject();
    system.put("type", "text").put("text", "wire");
    JsonNode tool = client.request.path("tools").path(1);
    ((ObjectNode) tool).put("description", "d".repeat(8_000));
    ((ObjectNode) tool).putObject("cache_control").put("type", "ephemeral");
    JsonNode first = client.turn().usage();
    long written = first.path("cache_creation_input_tokens").asLong();
    assertThat(written).isBetween(2_000L, 2_100L);
    assertThat(first.path("cache_read_input_tokens").asLong()).isZero();
    JsonNode again = Client.heard(clientLike(client).post().body()).usage();
    assertThat(again.path("cache_read_input_tokens").asLong()).isEqualTo(written);
    assertThat(again.path("cache_creation_input_tokens").asLong()).isZero();
    assertThat(again.path("input_tokens").asLong()).isEqualTo(first.path("input_tokens").asLong());
  }

  private Client clientLike(Client other) {
    Client client = client();
    client.request.set("system", other.request.path("system"));
    client.request.set("tools", other.request.path("tools"));
    return client;
  }

  @Test
  void countsTokens() throws Exception {
    Client client = client();
    client.request.remove("max_tokens");
    HttpResponse<String> count =
        client.post("/v1/messages/count_tokens?beta=true", client.request.toString(), Map.of());
    assertThat(count.statusCode()).isEqualTo(200);
    client.request.put("max_tokens", 100);
    assertThat(Client.JSON.readTree(count.body()).path("input_tokens").asLong())
        .isEqualTo(client.turn().usage().path("input_tokens").asLong());
  }

  static Stream<Arguments> wrong() {
    String user = "{\"role\":\"user\",\"content\":\"hi\"}";
    String use = "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Read\",\"input\":{}}";
    String result = "{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":\"x\"}";
    String call = "{\"role\":\"assistant\",\"content\":[" + use + "]}";
    String text = "{\"type\":\"text\",\"text\":\"t\"}";
    return Stream.of(
        Arguments.of("messages", "[]", "at least one message"),
        Arguments.of("messages", "7", "valid list"),
        Arguments.of("messages", "[{\"role\":\"assistant\",\"content\":\"x\"}]", "first message"),
        Arguments.of("messages", "[{\"role\":\"system\",\"content\":\"x\"}]", "Unexpected role"),
        Arguments.of("messages", "[{\"role\":\"robot\",\"content\":\"x\"}]", "'user' or"),
        Arguments.of("messages", "[{\"role\":\"user\",\"content\":\"\"}]", "non-empty content"),
        Arguments.of("messages", "[{\"role\":\"user\",\"content\":[7]}]", "Input tag"),
        Arguments.of("messages", "[{\"role\":\"user\",\"content\":\"x\",\"x\":1}]", "Extra inputs"),
        Arguments.of(
            "messages",
            "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]}]",
            "must be non-empty"),
        Arguments.of("messages", "[" + user + "," + call + "]", "without `tool_result`"),
        Arguments.of(
            "messages", "[" + user + "," + call + "," + user + "]", "without `tool_result`"),
        Arguments.of(
            "messages",
            "["
                + user
                + ","
                + call
                + ",{\"role\":\"user\",\"content\":["
                + text
                + ","
                + result
                + "]}]",
            "immediately after"),
        Arguments.of(
            "messages",
            "["
                + user
                + ","
                + call
                + ",{\"role\":\"user\",\"content\":["
                + result
                + ","
                + result
                + "]}]",
            "single result"),
        Arguments.of(
            "messages", "[{\"role\":\"user\",\"content\":[" + result + "]}]", "unexpected"),
        Arguments.of(
            "messages",
            "[{\"role\":\"user\",\"content\":[" + use + "]}]",
            "only be in `assistant`"),
        Arguments.of("max_tokens", "0", "greater than or equal to 1"),
        Arguments.of("max_tokens", "\"9\"", "valid integer"),
        Arguments.of("max_tokens", "99999999", "maximum allowed"),
        Arguments.of("stream", "1", "valid boolean"),
        Arguments.of("temperature", "2", "range"),
        Arguments.of("colour", "1", "Extra inputs"),
        Arguments.of("tools", "[{\"name\":\"a b\",\"input_schema\":{}}]", "should match pattern"),
        Arguments.of("tools", "[{\"name\":\"a\"}]", "input_schema: Field required"),
        Arguments.of(
            "tools",
            "[{\"name\":\"a\",\"input_schema\":{\"type\":\"object\"}},"
                + "{\"name\":\"a\",\"input_schema\":{\"type\":\"object\"}}]",
            "must be unique"),
        Arguments.of("tool_choice", "{\"type\":\"tool\",\"name\":\"Nope\"}", "not found"),
        Arguments.of("tool_choice", "{\"type\":\"maybe\"}", "does not match"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void refusesWhatTheRealApiRefuses(String field, String value, String words) throws Exception {
    Client client = client();
    client.request.set(field, Client.JSON.readTree(value));
    HttpResponse<String> response = client.post();
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode body = Client.JSON.readTree(response.body());
    assertThat(body.path("type").asText()).isEqualTo("error");
    assertThat(body.path("error").path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(body.path("error").path("message").asText()).contains(words);
  }

  @Test
  void refusesAtTheDoor() throws Exception {
    Client client = client();
    String body = client.request.toString();
    assertThat(client.post("/v1/messages", body, Map.of("x-api-key", "")).statusCode())
        .isEqualTo(401);
    assertThat(client.post("/v1/messages", body, Map.of("anthropic-version", "")).statusCode())
        .isEqualTo(400);
    assertThat(client.post("/v1/messagesx", body, Map.of()).statusCode()).isEqualTo(404);
    assertThat(client.post("/v1/messages", "{\"a\":1,\"a\":2}", Map.of()).statusCode())
        .isEqualTo(400);
    client.request.put("model", "gpt");
    assertThat(client.post().body()).contains("not_found_error").contains("model: gpt");
    HttpResponse<String> large = client.post("/v1/messages", " ".repeat((32 << 20) + 1), Map.of());
    assertThat(large.statusCode()).isEqualTo(413);
    assertThat(large.body()).contains("request_too_large");
  }

  @Test
  void tooManyCacheMarksAreRefused() throws Exception {
    Client client = client();
    for (int i = 0; i < 5; i++) {
      ObjectNode message = client.messages.addObject().put("role", "user");
      ObjectNode block = message.putArray("content").addObject();
      block.put("type", "text").put("text", "x");
      block.putObject("cache_control").put("type", "ephemeral");
    }
    assertThat(client.post().body()).contains("A maximum of 4 blocks").contains("Found 5");
  }

  @Test
  void takesChunkedBodiesAndKeepsTheConnection() throws Exception {
    byte[] body = client().request.toString().getBytes(StandardCharsets.UTF_8);
    try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), model.port())) {
      OutputStream out = socket.getOutputStream();
      InputStream in = socket.getInputStream();
      for (int i = 0; i < 2; i++) {
        out.write(
            ("POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nanthropic-version:"
                    + " 2023-06-01\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + Integer.toHexString(body.length)
                    + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        out.write("\r\n0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("0\r\n\r\n")) {
          int b = in.read();
          assertThat(b).as("stream went on").isNotNegative();
          answer.append((char) b);
        }
        assertThat(answer).contains("message_stop");
      }
    }
  }
}
