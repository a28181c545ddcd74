package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** Requests that are no plain POST of JSON: none reaches the upstream, each gets its own answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusalCorpusTest {
  private static final String HEAD =
      "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
          + "x-api-key: run-token\r\n";
  private static final String LENGTH = "content-length: " + RawClient.BODY.length() + "\r\n";
  private static final String END = LENGTH + "\r\n" + RawClient.BODY;

  private Rig rig;

  RefusalCorpusTest() throws Exception {
    rig = new Rig((request, socket, out) -> Sse.send(out), Rig.shortTimes());
  }

  @BeforeAll
  void theRequestItselfIsGood() throws Exception {
    assertThat(rig.exchange(HEAD + END).status()).isEqualTo(200);
    rig.upstream.requests.clear();
    rig.ledger.lines.clear();
  }

  @AfterAll
  void close() throws Exception {
    rig.close();
  }

  @TestFactory
  Iterable<DynamicTest> refusesEach() {
    return corpus().entrySet().stream()
        .map(one -> DynamicTest.dynamicTest(one.getKey(), () -> refuses(one.getValue())))
        .toList();
  }

  private void refuses(String request) throws Exception {
    try (RawClient client = rig.client()) {
      client.sendAnyway(request.getBytes(StandardCharsets.ISO_8859_1));
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isBetween(400, 499);
      assertThat(answer.text()).startsWith("{\"type\":\"error\",\"error\":{\"type\":\"");
      assertThat(answer.hasHeader("connection: close")).isTrue();
      assertThat(client.in.read()).isEqualTo(-1);
    }
    assertThat(rig.upstream.requests).isEmpty();
    assertThat(rig.ledger.of("reserve")).isEmpty();
  }

  /** The positive control: a proxy that does not refuse lets each of them out, with the key. */
  @TestFactory
  Iterable<DynamicTest> aNaiveProxyLetsEachOut() {
    return corpus().entrySet().stream()
        .map(one -> DynamicTest.dynamicTest(one.getKey(), () -> getsOut(one.getValue())))
        .toList();
  }

  private static void getsOut(String request) throws Exception {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    try (ServerSocket upstream = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        NaiveProxy naive = new NaiveProxy(upstream.getLocalPort());
        RawClient client = new RawClient(naive.port())) {
      client.sendAnyway(request.getBytes(StandardCharsets.ISO_8859_1));
      try (Socket socket = upstream.accept()) {
        while (!seen.toString(StandardCharsets.ISO_8859_1).contains(Rig.KEY)) {
          int next = socket.getInputStream().read();
          assertThat(next).isNotNegative();
          seen.write(next);
        }
      }
    }
  }

  private static Map<String, String> corpus() {
    Map<String, String> all = new LinkedHashMap<>();
    lines(all);
    targets(all);
    headers(all);
    framing(all);
    return all;
  }

  private static void lines(Map<String, String> all) {
    String good = HEAD + END;
    for (String method : new String[] {"GET", "PUT", "TRACE", "post", "PATCH", "HEAD", "CONNECT"}) {
      all.put("method " + method, good.replaceFirst("POST", method));
    }
    for (String version :
        new String[] {"HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 "}) {
      all.put("version " + version, good.replaceFirst("HTTP/1\\.1", version));
    }
    all.put("no version", good.replaceFirst(" HTTP/1\\.1", ""));
    all.put("two spaces", good.replaceFirst("POST ", "POST  "));
    all.put("leading space", " " + good);
    all.put("leading line end", "\r\n" + good);
    all.put("http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    all.put("lf only", good.replace("\r\n", "\n"));
    all.put("tls hello", "\u0016\u0003\u0001\u0002\u0000\u0001");
    all.put("bare lf ends a line", good.replace("host: x\r\n", "host: x\n"));
    all.put("bare cr in a value", good.replace("host: x", "host: x\rx-b: 1"));
    all.put("bare lf in a value", good.replace("host: x", "host: x\nx-b: 1"));
    all.put("nul in a value", good.replace("host: x", "host: x\u0000"));
    all.put("tab in a value", good.replace("host: x", "host: x\ty"));
    all.put("byte 0x80 in a value", good.replace("host: x", "host: x\u0080"));
    all.put("delete in a value", good.replace("host: x", "host: x\u007f"));
  }

  private static void targets(Map<String, String> all) {
    String[] targets = {
      "/",
      "/v1/messagesx",
      "/v1/messages/",
      "/v1/messages/../admin",
      "//v1/messages",
      "/v1//messages",
      "/./v1/messages",
      "/v1/messages/batches",
      "/v1/messages;a=b",
      "/v1/%6dessages",
      "/v1%2fmessages",
      "/V1/messages",
      "/v1/messages#f",
      "/v1/messages?",
      "/v1/messages?beta=false",
      "/v1/messages?beta=true&x=1",
      "/v1/messages?beta=true?beta=true",
      "/v1/messages?x=%0d%0aa:b",
      "/v1\\messages",
      "/v1/messages\t",
      "/v1/mess ages",
      "http://localhost/v1/messages",
      "https://evil.test/v1/messages",
      "http://u:p@localhost/v1/messages",
      "localhost:443",
      "*",
      "/v1/models",
      "/v1/complete",
      "/v1/messages/count_tokens/",
      "/v1/files",
      "/api/hello",
      "/v1/messages\u0080",
      "/v1/messages\u0000",
      "/" + "a".repeat(15_000),
      "/v1/messages?" + "a".repeat(20_000)
    };
    for (String target : targets) {
      String name =
          target.length() > 60 ? "target of " + target.length() + " bytes" : "target " + target;
      all.put(
          name,
          (HEAD + END)
              .replaceFirst("/v1/messages", java.util.regex.Matcher.quoteReplacement(target)));
    }
  }

  private static void headers(Map<String, String> all) {
    String[] extra = {
      "x-api-key: run-token",
      "x-api-key: other",
      "authorization: Bearer run-token",
      "Authorization: Basic eA==",
      "host: y",
      "content-type: application/json",
      "content-type: text/plain",
      "content-encoding: gzip",
      "content-encoding: identity",
      "expect: 100-continue",
      "upgrade: websocket",
      "upgrade: h2c",
      "http2-settings: AAMA",
      "connection: upgrade",
      "connection: x-api-key",
      "connection: close, te",
      "te: trailers",
      "trailer: x",
      "proxy-authorization: Basic eA==",
      "proxy-connection: keep-alive",
      "range: bytes=0-1",
      "x-http-method-override: DELETE",
      "accept: a\r\naccept: b",
      "user-agent: a\r\nuser-agent: b",
      "x-helm-call: a b",
      "x-helm-call: " + "a".repeat(201),
      " folded: yes",
      "\tfolded: yes",
      ": nameless",
      "no colon at all",
      "space : before",
      "na(me): x",
      "na\u0080me: x",
      "x-helm-call: a\r\nx-helm-call: b"
    };
    for (String line : extra) {
      all.put("header " + line.replace("\r\n", " + "), HEAD + line + "\r\n" + END);
    }
    all.put("no host", HEAD.replace("host: x\r\n", "") + END);
    all.put("host with a path", HEAD.replace("host: x", "host: x/y") + END);
    all.put("host empty", HEAD.replace("host: x", "host: ") + END);
    all.put("no token", HEAD.replace("x-api-key: run-token\r\n", "") + END);
    all.put("empty token", HEAD.replace("run-token", "") + END);
    all.put("token with a space", HEAD.replace("run-token", "run token") + END);
    all.put("basic only", HEAD.replace("x-api-key: ", "authorization: Basic ") + END);
    all.put("no content type", HEAD.replace("content-type: application/json\r\n", "") + END);
    all.put("form", HEAD.replace("application/json", "application/x-www-form-urlencoded") + END);
    all.put("utf-16", HEAD.replace("application/json", "application/json; charset=utf-16") + END);
    all.put("40 KB header", HEAD + "x-long: " + "a".repeat(40_000) + "\r\n" + END);
    all.put("1 MB header", HEAD + "x-long: " + "a".repeat(1 << 20) + "\r\n" + END);
    all.put("65 headers", HEAD + "a: b\r\n".repeat(65) + END);
  }

  private static void framing(Map<String, String> all) {
    String body = RawClient.BODY;
    String[] lengths = {
      "+42", "-1", "0x2a", "4 2", "42,42", "", "1e3", "99999999999999999999", "42.0", "४२"
    };
    for (String length : lengths) {
      all.put("length " + length, HEAD + "content-length: " + length + "\r\n\r\n" + body);
    }
    String chunks = Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n";
    String te = "transfer-encoding: chunked\r\n";
    all.put("no length", HEAD + "\r\n" + body);
    all.put("two lengths", HEAD + LENGTH + LENGTH + "\r\n" + body);
    all.put("length and chunked", HEAD + LENGTH + te + "\r\n" + chunks);
    all.put("chunked and length", HEAD + te + LENGTH + "\r\n" + chunks);
    all.put("chunked twice", HEAD + te + te + "\r\n" + chunks);
    for (String other :
        new String[] {
          "identity", "chunked, identity", "gzip, chunked", "xchunked", "chunked;a", "\"chunked\""
        }) {
      all.put("encoding " + other, HEAD + "transfer-encoding: " + other + "\r\n\r\n" + chunks);
    }
    String open = HEAD + te + "\r\n";
    all.put("chunk extension", open + chunks.replaceFirst("\r\n", ";a=b\r\n"));
    all.put("trailer", open + chunks.replace("0\r\n\r\n", "0\r\nx-t: 1\r\n\r\n"));
    all.put("chunk size with sign", open + "+" + chunks);
    all.put("chunk size with 0x", open + "0x" + chunks);
    all.put("chunk size empty", open + "\r\n" + chunks);
    all.put("chunk size with a space", open + chunks.replaceFirst("\r\n", " \r\n"));
    all.put("chunk size too long", open + "0000000" + chunks.replaceFirst("^", "00"));
    all.put("chunk size lf only", open + chunks.replaceFirst("\r\n", "\n"));
    all.put("chunk too short", open + chunks.replaceFirst("^[0-9a-f]+", "3"));
    all.put("chunk too long", open + chunks.replaceFirst("^[0-9a-f]+", "1"));
    all.put("negative chunk", open + "-1\r\n");
    all.put("body too large", HEAD + "content-length: 16777217\r\n\r\n");
    all.put("pipelined", HEAD + END + HEAD + END);
    all.put("pipelined lf", HEAD + END + "\n");
    all.put("smuggled get", HEAD + END + "GET /v1/models HTTP/1.1\r\n\r\n");
  }

  @Test
  void aBodyInChunksThatGrowsTooLargeIsRefused() throws Exception {
    Limits all = Rig.shortTimes();
    Limits small =
        new Limits(
            new Limits.Sizes(16_384, 64, 32_768, 200, 100_000, 1000, 1000, 16),
            all.client(),
            all.upstream(),
            all.ledger());
    try (Rig one = new Rig((request, socket, out) -> Sse.send(out), small);
        RawClient client = one.client()) {
      byte[] spaces = new byte[50_000];
      java.util.Arrays.fill(spaces, (byte) ' ');
      client.send(HEAD + "transfer-encoding: chunked\r\n\r\n");
      for (int i = 0; i < 3; i++) {
        client.sendAnyway(Sse.chunk(spaces, 0, spaces.length));
      }
      assertThat(client.read().status()).isEqualTo(413);
      assertThat(one.upstream.requests).isEmpty();
    }
  }

  /** One client's many connections must not take the memory of all. */
  @Test
  void noMoreThanSoManyClientsAtOnce() throws Exception {
    Limits all = Limits.standard();
    Limits three =
        new Limits(
            new Limits.Sizes(16_384, 64, 32_768, 200, 100_000, 1000, 1000, 3),
            all.client(),
            all.upstream(),
            all.ledger());
    try (Rig one = new Rig((request, socket, out) -> Sse.send(out), three);
        RawClient first = one.client();
        RawClient second = one.client()) {
      try (RawClient third = one.client();
          RawClient fourth = one.client()) {
        for (RawClient served : new RawClient[] {first, second, third}) {
          assertThat(served.send(HEAD + END).read().status()).isEqualTo(200);
        }
        assertThat(fourth.sendAnyway(Sse.bytes(HEAD + END)).read().status()).isZero();
      }
      Rig.until(() -> answers(one));
      assertThat(one.upstream.requests).hasSize(4);
    }
  }

  private static boolean answers(Rig one) {
    try (RawClient next = one.client()) {
      return next.sendAnyway(Sse.bytes(HEAD + END)).read().status() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void slowHeadsAndBodiesEnd() throws Exception {
    for (String part : new String[] {HEAD, HEAD + LENGTH + "\r\n{"}) {
      try (RawClient client = rig.client()) {
        client.send(part);
        assertThat(client.read().whole()).isFalse();
      }
    }
    assertThat(rig.upstream.requests).isEmpty();
  }
}
