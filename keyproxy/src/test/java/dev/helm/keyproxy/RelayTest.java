package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What goes through, goes through unchanged, and is settled before its last byte. */
class RelayTest {
  private static final String JSON_ANSWER =
      "{\"id\":\"msg_2\",\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":"
          + "\"\\\"usage\\\":{\\\"output_tokens\\\":7777}\"}],"
          + "\"usage\":{\"input_tokens\":11,\"output_tokens\":22}}";

  @Test
  void aStreamGoesThroughAndIsSettled() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out))) {
      String headers =
          "x-api-key: run-token\r\nx-helm-call: main/turn-1\r\nanthropic-version: 2023-06-01\r\n"
              + "anthropic-beta: a-1,b-2\r\nanthropic-beta: c-3\r\nuser-agent: t/1\r\n"
              + "x-stainless-lang: java\r\nx-claude-code-agent-id: a7\r\naccept-encoding: gzip\r\n"
              + "cookie: a=b\r\nx-forwarded-host: evil\r\nx_api_key: evil\r\n";
      RawClient.Answer answer =
          rig.exchange(RawClient.post("/v1/messages?beta=true", headers, RawClient.BODY));

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.whole()).isTrue();
      assertThat(answer.text()).isEqualTo(Sse.whole(3));
      assertThat(answer.hasHeader("request-id: req_1")).isTrue();
      assertThat(answer.head()).doesNotContain("x-secret-of-upstream");

      FakeUpstream.Request sent = rig.upstream.requests.getFirst();
      assertThat(sent.head()).startsWith("\r\nPOST /v1/messages?beta=true HTTP/1.1\r\n");
      assertThat(sent.body()).isEqualTo(RawClient.BODY.getBytes(StandardCharsets.UTF_8));
      assertThat(sent.hasHeader("x-api-key: " + Rig.KEY)).isTrue();
      assertThat(sent.hasHeader("anthropic-beta: a-1,b-2")).isTrue();
      assertThat(sent.hasHeader("anthropic-beta: c-3")).isTrue();
      assertThat(sent.hasHeader("x-claude-code-agent-id: a7")).isTrue();
      assertThat(sent.hasHeader("x-stainless-lang: java")).isTrue();
      assertThat(sent.hasHeader("accept-encoding: identity")).isTrue();
      assertThat(sent.head()).doesNotContain("run-token", "evil", "x-helm-call");
      assertThat(sent.namesHeader("cookie")).isFalse();

      FakeLedger.Line reserve = rig.ledger.of("reserve").getFirst();
      assertThat(reserve.members())
          .containsEntry("token", "run-token")
          .containsEntry("call", "main/turn-1")
          .containsEntry("model", "claude-test-1")
          .containsEntry("maxTokens", "64")
          .containsEntry("bodyBytes", "" + RawClient.BODY.length());
      FakeLedger.Line settle = rig.ledger.of("settle").getFirst();
      assertThat(settle.id()).isEqualTo(reserve.id());
      assertThat(settle.members())
          .containsEntry("messageId", "msg_01")
          .containsEntry(
              "usage",
              "{\"inputTokens\":25,\"outputTokens\":932,\"cacheReadTokens\":40,"
                  + "\"cacheWriteTokens\":30,\"cacheWrite1hTokens\":10}");
      Rig.until(() -> rig.log().contains("status 200"));
      assertThat(rig.log()).contains("call " + reserve.id()).doesNotContain("run-token", Rig.KEY);
    }
  }

  @Test
  void aJsonAnswerIsSettledBeforeItsLastByte() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> json(out, 200, JSON_ANSWER))) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.text()).isEqualTo(JSON_ANSWER);
      assertThat(rig.ledger.of("settle").getFirst().members().get("usage"))
          .contains("\"inputTokens\":11,\"outputTokens\":22");
    }
  }

  @Test
  void connectionsAreKeptOnBothSides() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out));
        RawClient client = rig.client()) {
      for (int i = 0; i < 5; i++) {
        RawClient.Answer answer = client.send(RawClient.post(RawClient.BODY)).read();
        assertThat(answer.text()).isEqualTo(Sse.whole(3));
      }
      assertThat(rig.upstream.connections).hasValue(1);
      assertThat(rig.ledger.of("settle")).hasSize(5);
    }
  }

  @Test
  void aConnectionOpenedAheadCarriesTheFirstCall() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out));
        RawClient client = rig.client()) {
      rig.proxy.warm();
      for (int i = 0; i < 3; i++) {
        assertThat(client.send(RawClient.post(RawClient.BODY)).read().whole()).isTrue();
      }
      assertThat(rig.upstream.connections).hasValue(1);
    }
  }

  @Test
  void aConnectionThatTheUpstreamClosedInItsRestIsNotUsed() throws Exception {
    try (Rig rig =
            new Rig(
                (request, socket, out) -> {
                  Sse.send(out);
                  socket.close();
                });
        RawClient client = rig.client()) {
      for (int i = 1; i <= 4; i++) {
        RawClient.Answer answer = client.send(RawClient.post(RawClient.BODY)).read();
        assertThat(answer.status()).isIn(200, 502);
        // No call is repeated, whether or not the close was seen in time.
        assertThat(rig.upstream.requests.size()).isLessThanOrEqualTo(i);
      }
    }
  }

  @Test
  void everyCutOfTheStreamGivesTheSameBytes() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    byte[] text = Sse.bytes(Sse.whole(40));
    try (Rig rig = new Rig((request, socket, out) -> cut(random, text, socket.getOutputStream()));
        RawClient client = rig.client()) {
      for (int i = 0; i < 60; i++) {
        RawClient.Answer answer = client.send(RawClient.post(RawClient.BODY)).read();
        assertThat(answer.body()).isEqualTo(text);
        assertThat(answer.whole()).isTrue();
      }
      assertThat(rig.ledger.of("settle"))
          .hasSize(60)
          .allMatch(line -> line.text().contains("\"outputTokens\":932"));
    }
  }

  private static void cut(Random random, byte[] text, OutputStream out) throws Exception {
    ByteSink wire = new ByteSink(text.length * 2).add(Sse.HEAD);
    int at = 0;
    while (at < text.length) {
      int to = Math.min(text.length, at + 1 + random.nextInt(random.nextBoolean() ? 3 : 900));
      byte[] chunk = Sse.chunk(text, at, to);
      wire.add(chunk, 0, chunk.length);
      at = to;
    }
    wire.add("0\r\n\r\n");
    int sent = 0;
    while (sent < wire.length()) {
      int count = Math.min(wire.length() - sent, 1 + random.nextInt(4000));
      out.write(wire.array(), sent, count);
      sent += count;
    }
  }

  @Test
  void eachEventArrivesBeforeTheNextIsSent() throws Exception {
    var next = new java.util.concurrent.Semaphore(0);
    try (Rig rig =
            new Rig(
                (request, socket, out) -> {
                  out.write(Sse.bytes(Sse.HEAD));
                  for (String event : Sse.whole(3).split("(?<=\n\n)")) {
                    Sse.chunk(out, event);
                    next.acquire();
                  }
                  out.write(Sse.bytes("0\r\n\r\n"));
                });
        RawClient client = rig.client()) {
      client.send(RawClient.post(RawClient.BODY));
      int gaps = 0;
      int before = 0;
      while (gaps < Sse.whole(3).split("(?<=\n\n)").length) {
        int c = client.in.read();
        assertThat(c).isNotNegative();
        if (c == '\n' && before == '\n') {
          gaps++;
          next.release();
        }
        before = c;
      }
    }
  }

  @Test
  void aWholeErrorPassesAndCostsNothing() throws Exception {
    String error =
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}";
    try (Rig rig = new Rig((request, socket, out) -> json(out, 529, error))) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.status()).isEqualTo(529);
      assertThat(answer.text()).isEqualTo(error);
      assertThat(answer.hasHeader("retry-after: 7")).isTrue();
      assertThat(rig.ledger.of("settle").getFirst().text())
          .contains("\"inputTokens\":0,\"outputTokens\":0");
      assertThat(rig.ledger.of("charge")).isEmpty();
    }
  }

  @Test
  void countingTokensNeedsATokenAndNoMoney() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> json(out, 200, "{\"input_tokens\":9}"))) {
      String body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
      String target = "/v1/messages/count_tokens";
      RawClient.Answer answer =
          rig.exchange(RawClient.post(target, "authorization: Bearer run-token\r\n", body));
      assertThat(answer.text()).isEqualTo("{\"input_tokens\":9}");
      String id = rig.ledger.of("reserve").getFirst().id();
      assertThat(rig.ledger.of("reserve").getFirst().members()).containsEntry("maxTokens", "0");
      Rig.until(() -> "void".equals(rig.ledger.ends.get(id)));

      answer = rig.exchange(RawClient.post(target, "x-api-key: unknown\r\n", body));
      assertThat(answer.status()).isEqualTo(401);
      assertThat(rig.upstream.requests).hasSize(1);
    }
  }

  @Test
  void aChunkedRequestOfManySegmentsArrivesWhole() throws Exception {
    String big = RawClient.BODY.replace("hello", "ä漢\\u00e4 \\\\ \\\" ".repeat(30_000));
    byte[] bytes = Sse.bytes(big);
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out));
        RawClient client = rig.client()) {
      client.send(
          "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
              + "x-api-key: run-token\r\ntransfer-encoding: chunked\r\n\r\n");
      int at = 0;
      for (int size = 1; at < bytes.length; size = size * 3 + 1) {
        int to = Math.min(bytes.length, at + size);
        client.send(Sse.chunk(bytes, at, to));
        at = to;
      }
      client.send("0\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(200);
      assertThat(rig.upstream.requests.getFirst().body()).isEqualTo(bytes);
    }
  }

  static void json(OutputStream out, int status, String body) throws Exception {
    byte[] bytes = Sse.bytes(body);
    out.write(
        Sse.bytes(
            "HTTP/1.1 "
                + status
                + " X\r\ncontent-type: application/json\r\nretry-after: 7\r\ncontent-length: "
                + bytes.length
                + "\r\n\r\n"));
    out.write(bytes);
    out.flush();
  }
}
