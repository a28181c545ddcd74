package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bodies whose cost has no bound, or that two parsers could read differently. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BodyRefusalTest {
  private final Rig rig;

  BodyRefusalTest() throws Exception {
    rig = new Rig((request, socket, out) -> Sse.send(out));
  }

  @AfterAll
  void close() throws Exception {
    rig.close();
  }

  private static String with(String members) {
    return "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[]," + members + "}";
  }

  private static String block(String block) {
    return "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":["
        + block
        + "]}]}";
  }

  private static String maxTokens(String value) {
    return "{\"model\":\"m\",\"messages\":[],\"max_tokens\":" + value + "}";
  }

  static Stream<String> bad() {
    String url = "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x\"}}";
    return Stream.of(
        "{}",
        "[]",
        "null",
        "1",
        "\"x\"",
        "{",
        "{]",
        "  ",
        "{}{}",
        RawClient.BODY + "x",
        RawClient.BODY + RawClient.BODY,
        "\uFEFF" + RawClient.BODY,
        RawClient.BODY.replace("\"model\"", "model"),
        RawClient.BODY.replace("}]", "},]"),
        RawClient.BODY.replace("{\"model", "{/*c*/\"model"),
        "{'model':1}",
        RawClient.BODY.replace("64", "NaN"),
        RawClient.BODY.replace("hello", "a\nb"),
        RawClient.BODY.replace("hello", "\u0001"),
        maxTokens("0"),
        maxTokens("-1"),
        maxTokens("1.0"),
        maxTokens("1e3"),
        maxTokens("\"9\""),
        maxTokens("null"),
        maxTokens("010"),
        maxTokens("+9"),
        maxTokens("99999999999999999999"),
        maxTokens("10000001"),
        maxTokens("[9]"),
        maxTokens("true"),
        maxTokens("9,\"max_tokens\":8"),
        maxTokens("9,\"max\\u005ftokens\":8"),
        maxTokens("9,\"model\":\"n\""),
        maxTokens("9,\"metadata\":{\"a\":1,\"a\":2}"),
        "{\"max_tokens\":9,\"messages\":[]}",
        "{\"model\":\"m\",\"max_tokens\":9}",
        "{\"model\":\"m\",\"messages\":[]}",
        "{\"model\":7,\"max_tokens\":9,\"messages\":[]}",
        "{\"model\":\"a b\",\"max_tokens\":9,\"messages\":[]}",
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":{}}",
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[7]}",
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"tool\"}]}",
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":" + "[".repeat(200) + "]".repeat(200) + "}",
        with("\"x\":" + "[".repeat(200) + "]".repeat(200)),
        with("\"stream\":1"),
        with("\"stream\":\"true\""),
        with("\"service_tier\":\"priority\""),
        with("\"service_tier\":7"),
        with("\"speed\":\"fast\""),
        with("\"inference_geo\":\"us\""),
        with("\"mcp_servers\":[{\"type\":\"url\",\"url\":\"https://x\"}]"),
        with("\"container\":\"c_1\""),
        with("\"fallbacks\":[{\"model\":\"n\"}]"),
        with("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]"),
        with("\"tools\":[{\"name\":\"x\",\"type\":\"code_execution_20250825\"}]"),
        with("\"tools\":[{\"type\":\"mcp_toolset\"}]"),
        with("\"tools\":[{\"type\":7}]"),
        with("\"tools\":[{\"type\":\"bash_20250124x\"}]"),
        with("\"tools\":{}"),
        with("\"tools\":[7]"),
        with("\"context_management\":{\"edits\":[{\"type\":\"compact_20260112\"}]}"),
        with("\"system\":7"),
        with("\"system\":[" + url + "]"),
        block(url),
        block("{\"source\":{\"url\":\"https://x\",\"type\":\"url\"},\"type\":\"image\"}"),
        block("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"url\":\"https://x\"}}"),
        block("{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}"),
        block("{\"type\":\"image\",\"source\":\"x\"}"),
        block("{\"type\":\"image\"}"),
        block("{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":\"https://x\"}}"),
        block("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"data\":\"JVBERg==\"}}"),
        block("{\"type\":\"document\",\"file_id\":\"f\"}"),
        block("{\"type\":\"container_upload\",\"file_id\":\"f\"}"),
        block("{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[" + url + "]}"),
        block(
            "{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[" + url + "]}}"),
        block("{\"type\":\"server_tool_use\",\"id\":\"s\",\"input\":{}}"),
        block("{\"type\":\"compaction\",\"content\":\"x\"}"),
        block("{\"text\":\"x\"}"),
        block("7"),
        block("{\"type\":\"text\",\"text\":\"x\",\"source\":{\"type\":\"text\"}}"),
        block(
            "{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{\"type\":\"e\",\"hide\":\"x\"}}"),
        block("{\"type\":\"text\",\"text\":\"x\",\"cache_control\":\"ephemeral\"}"),
        block(
            "{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{\"type\":\""
                + "e".repeat(300)
                + "\"}}"),
        block(
            "{\"type\":\"text\",\"text\":\"x\",\"cache\\u005fcontrol\":{\"type\":\"ephemeral\"}}"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void refuses(String body) throws Exception {
    RawClient.Answer answer = rig.exchange(RawClient.post(body));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text()).contains("\"invalid_request_error\"");
    assertThat(answer.hasHeader("x-should-retry: false")).isTrue();
    assertThat(rig.upstream.requests).isEmpty();
    assertThat(rig.ledger.of("reserve")).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("badBytes")
  void refusesWhatIsNoUtf8(byte[] body) throws Exception {
    try (RawClient client = rig.client()) {
      String head = RawClient.post("").replace("length: 0", "length: " + body.length);
      assertThat(client.send(head).send(body).read().status()).isEqualTo(400);
    }
    assertThat(rig.upstream.requests).isEmpty();
  }

  static Stream<byte[]> badBytes() {
    byte[] overlong = Sse.bytes(RawClient.BODY.replace("hello", "hel__"));
    int at = RawClient.BODY.indexOf("hello") + 3;
    overlong[at] = (byte) 0xc1;
    overlong[at + 1] = (byte) 0x81;
    byte[] cut = Sse.bytes(RawClient.BODY.replace("hello", "hell_"));
    cut[at + 1] = (byte) 0xe6;
    java.nio.charset.Charset utf16 = java.nio.charset.StandardCharsets.UTF_16LE;
    java.nio.charset.Charset utf32 = java.nio.charset.Charset.forName("UTF-32BE");
    return Stream.of(overlong, cut, RawClient.BODY.getBytes(utf16), RawClient.BODY.getBytes(utf32));
  }

  static Stream<String> good() {
    return Stream.of(
        block("{\"type\":\"text\",\"text\":\"x\",\"cache_control\" : {\"type\":\"ephemeral\"}}"),
        block("{\"type\":\"text\",\"text\":\"\",\"cache_control\":null}"),
        block(
            "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{\"url\":\"https://x\","
                + "\"source\":{\"type\":\"url\"},\"cache_control\":\"free\"}}"),
        block("{\"type\":\"search_result\",\"source\":\"label\",\"title\":\"t\",\"content\":[]}"),
        block("{\"type\":\"document\",\"source\":{\"type\":\"text\",\"data\":\"x\"}}"),
        with(
            "\"tools\":[{\"name\":\"n\",\"input_schema\":{\"type\":\"object\"}},"
                + "{\"type\":\"bash_20250124\",\"name\":\"bash\"},{\"type\":\"custom\"}]"),
        with("\"a_member_of_next_year\":{\"x\":[1,2.5e3]},\"service_tier\":\"standard_only\""),
        with(
            "\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\"}]},"
                + "\"mcp_servers\":[],\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"));
  }

  @ParameterizedTest
  @MethodSource("good")
  void lets(String body) throws Exception {
    try (Rig own = new Rig((request, socket, out) -> Sse.send(out))) {
      assertThat(own.exchange(RawClient.post(body)).status()).isEqualTo(200);
      assertThat(own.upstream.requests.getFirst().body()).isEqualTo(Sse.bytes(body));
    }
  }
}
