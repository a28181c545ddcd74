package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.keyproxy.RequestHead.Endpoint;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The pure parts: prefix hashes, usage of a stream, addresses, the key. */
class ScanTest {
  private static final String HEAD = "{\"model\":\"m\",\"max_tokens\":9,\"system\":\"s\",";

  private static ModelRequest scan(String json) throws Exception {
    return scan(json, "");
  }

  private static ModelRequest scan(String json, String betas) throws Exception {
    byte[] bytes = Sse.bytes(json);
    Watchdog watchdog = new Watchdog();
    Wire wire =
        new Wire(
            new ByteArrayInputStream(bytes),
            OutputStream.nullOutputStream(),
            () -> {},
            () -> {},
            watchdog);
    BodyInput in = new BodyInput(new WireInput(wire, 1024), new Framing.Length(bytes.length));
    try (Body body =
        Body.read(in, new BodyMemory(64 << 20, 1), 32 << 20, Limits.standard().client())) {
      return RequestScan.scan(body, Endpoint.MESSAGES, betas);
    } finally {
      watchdog.close();
    }
  }

  private static String message(String content) {
    return "{\"role\":\"user\",\"content\":[" + content + "]}";
  }

  private static String text(String text, String mark) {
    return "{\"type\":\"text\",\"text\":\"" + text + "\"" + mark + "}";
  }

  private static final String MARK = ",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}";

  private static List<String> hashes(ModelRequest request) {
    return request.prefixes().stream().map(ModelRequest.Prefix::sha256).toList();
  }

  @Test
  void aMovedMarkChangesNoPrefix() throws Exception {
    String one = message(text("a", ""));
    String marked = message(text("a", MARK));
    String two = message(text("b", MARK));
    List<String> first = hashes(scan(HEAD + "\"messages\":[" + marked + "]}"));
    List<String> second = hashes(scan(HEAD + "\"messages\":[" + one + "," + two + "]}"));
    assertThat(second.getFirst()).isEqualTo(first.getFirst());
    assertThat(second).doesNotHaveDuplicates().hasSize(2);
    // White space, and the order in which members are sent, mean nothing to the model.
    String spaced = " { \"role\" : \"user\" ,\n\"content\":[ " + text("a", "") + " ] } ";
    String turned =
        "{\"messages\":[" + spaced + "],\"system\":\"s\",\"max_tokens\":9,\"model\":\"m\"}";
    assertThat(hashes(scan(turned))).isEqualTo(first);
  }

  @Test
  void whateverTheModelReadsChangesThePrefix() throws Exception {
    String messages = "\"messages\":[" + message(text("a", "")) + "]";
    String base = hashes(scan(HEAD + messages + "}")).getFirst();
    List<String> others =
        List.of(
            HEAD.replace("\"m\"", "\"n\"") + messages + "}",
            HEAD.replace("\"s\"", "\"t\"") + messages + "}",
            HEAD + messages + ",\"tools\":[]}",
            HEAD + messages + ",\"thinking\":{\"type\":\"disabled\"}}",
            HEAD + messages.replace("\"a\"", "\"a \"") + "}",
            HEAD + messages.replace("user", "assistant") + "}");
    for (String other : others) {
      assertThat(hashes(scan(other)).getFirst()).isNotEqualTo(base);
    }
    assertThat(hashes(scan(HEAD + messages + "}", "x-1,")).getFirst()).isNotEqualTo(base);
    assertThat(hashes(scan(HEAD + messages + ",\"temperature\":1,\"stream\":true}")))
        .containsExactly(base);
  }

  /** A mark in what is free JSON is content: leaving it out would hide its tokens. */
  @Test
  void aMarkInsideAToolsInputCounts() throws Exception {
    String with =
        "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{\"a\":1" + MARK + "}}";
    String without = with.replace(MARK, "");
    assertThat(hashes(scan(HEAD + "\"messages\":[" + message(with) + "]}")))
        .isNotEqualTo(hashes(scan(HEAD + "\"messages\":[" + message(without) + "]}")));
  }

  @Test
  void bytesCoverTheHashedTextAndOffsetsHoldAcrossBuffers() throws Exception {
    Random random = new Random(7);
    StringBuilder messages = new StringBuilder();
    int covered = "\"m\"".length() + "\"s\"".length();
    for (int i = 0; i < 100; i++) {
      String padding = "ä\\\"\\\\漢".repeat(random.nextInt(700));
      String one = message(text(padding, i % 3 == 0 ? MARK : "") + "," + text("z", MARK));
      messages.append(i == 0 ? "" : ", ").append(one);
      covered += Sse.bytes(one).length;
    }
    ModelRequest marked = scan(HEAD + "\"messages\":[" + messages + "]}");
    ModelRequest plain =
        scan(HEAD + "\"messages\":[" + messages.toString().replace(MARK, "") + "]}");
    assertThat(marked.prefixes()).hasSize(64);
    assertThat(marked.prefixes().getLast().bytes()).isEqualTo(covered);
    assertThat(hashes(marked)).isEqualTo(hashes(plain)).doesNotHaveDuplicates();
  }

  @Test
  void imagesAreCountedByTheirData() throws Exception {
    String data = "QUJD".repeat(40_000);
    String image =
        "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"" + data + "\"}}";
    String result = "{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[" + image + "]}";
    ModelRequest request = scan(HEAD + "\"messages\":[" + message(image + "," + result) + "]}");
    assertThat(request.images()).containsExactly(160_000, 160_000);
  }

  @Test
  void usageIsFoundWhereverTheStreamIsCut() {
    byte[] text = Sse.bytes(Sse.whole(2));
    String[] ends = {"\n", "\r\n", "\r"};
    for (String end : ends) {
      byte[] bytes =
          Sse.bytes(new String(text, java.nio.charset.StandardCharsets.UTF_8).replace("\n", end));
      for (int cut = 0; cut <= bytes.length; cut++) {
        SseScan scan = new SseScan();
        scan.take(bytes, 0, cut);
        scan.take(bytes, cut, bytes.length - cut);
        assertThat(scan.seen(true))
            .isEqualTo(new UsageScan.Seen(new Usage(25, 932, 40, 30, 10), "msg_01"));
      }
    }
  }

  @Test
  void aStreamThatLiesOrStopsEarlyHasNoUsage() {
    for (String stream :
        List.of(
            Sse.start() + Sse.event("message_delta", ",\"usage\":{\"output_tokens\":5}"),
            Sse.end(5),
            Sse.start() + Sse.end(-5),
            Sse.start() + Sse.end(1_000_000_001),
            Sse.start().replace("25", "2.5") + Sse.end(5),
            Sse.start() + Sse.delta("x") + "data: {\"type\":\"message_stop\"}\n",
            Sse.start().replace("\"type\":\"message\",", "\"type\":\"message\",\"type\":\"x\",")
                + Sse.end(5),
            Sse.start() + Sse.end(5).replace("message_stop", "message_stopped"),
            Sse.start()
                + "event: message_delta\ndata: "
                + "x".repeat(300_000)
                + "\n\n"
                + Sse.end(5))) {
      SseScan scan = new SseScan();
      byte[] bytes = Sse.bytes(stream);
      scan.take(bytes, 0, bytes.length);
      assertThat(scan.seen(true)).isNull();
    }
  }

  @Test
  void laterFiguresReplaceEarlierOnes() {
    SseScan scan = new SseScan();
    String delta =
        ",\"usage\":{\"input_tokens\":30,\"cache_read_input_tokens\":null,\"output_tokens\":";
    byte[] bytes =
        Sse.bytes(
            Sse.start()
                + Sse.event("message_delta", delta + "7}")
                + Sse.event("message_delta", delta + "9}")
                + Sse.event("message_stop", ""));
    scan.take(bytes, 0, bytes.length);
    assertThat(scan.seen(true))
        .isEqualTo(new UsageScan.Seen(new Usage(30, 9, 40, 30, 10), "msg_01"));
  }

  @Test
  void oddKeysAreRefusedWithoutBeingShown() throws Exception {
    for (String odd :
        List.of(
            "",
            " \n",
            "sk-only-15-byte",
            "sk two words and long enough",
            "sk-first-line-of-a-key\nx",
            "sk-ä-long-enough-for-a-key",
            "sk\u0000-long-enough-for-a-key",
            "k".repeat(9000))) {
      assertThatThrownBy(() -> ModelKey.read(new ByteArrayInputStream(Sse.bytes(odd))))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("model key")
          .hasMessageNotContaining("sk");
    }
    ModelKey key = ModelKey.read(new ByteArrayInputStream(Sse.bytes(" sk-one-of-16byte\r\n")));
    byte[] echo = Sse.bytes("x sk-one-of-16byte");
    assertThat(key.scan().take(echo, 0, echo.length)).isTrue();
    assertThat(key.scan().take(echo, 0, echo.length - 1)).isFalse();
    assertThat(key).hasToString("ModelKey[hidden]");
  }

  @Test
  void anUpstreamWithoutTlsMustBeOnThisMachine() throws Exception {
    assertThat(UpstreamAddress.parse("https://api.anthropic.com"))
        .isEqualTo(new UpstreamAddress(true, "api.anthropic.com", 443));
    assertThat(UpstreamAddress.parse("http://127.0.0.1:4359/").hostHeader())
        .isEqualTo("127.0.0.1:4359");
    for (String bad :
        List.of(
            "http://api.anthropic.com",
            "http://127.0.0.2",
            "http://10.0.0.1:80",
            "ftp://localhost",
            "https://u:p@x",
            "https://x/path",
            "https://x?q",
            "https://x#f",
            "x",
            "",
            "https://",
            "http://localhost.evil.test",
            "https://x:99999",
            "http://0.0.0.0:1")) {
      assertThatThrownBy(() -> UpstreamAddress.parse(bad)).isInstanceOf(StartException.class);
    }
    for (String bad :
        List.of("tcp:0.0.0.0:1", "tcp:127.0.0.1:99999", "tcp:localhost:1", "unix:", "1")) {
      assertThatThrownBy(() -> Listener.address(bad)).isInstanceOf(StartException.class);
    }
  }
}
