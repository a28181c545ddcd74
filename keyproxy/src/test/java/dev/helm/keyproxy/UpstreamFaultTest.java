package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An upstream that fails in every way: never a whole answer, never a second send, always a charge.
 */
class UpstreamFaultTest {

  record Fault(String name, int status, String reason, FakeUpstream.Answer answer) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static FakeUpstream.Answer text(String text) {
    return (request, socket, out) -> {
      out.write(Sse.bytes(text));
      out.flush();
      socket.shutdownOutput();
      FakeUpstream.awaitClose(socket);
    };
  }

  private static void reset(Socket socket) throws Exception {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private static Fault head(String name, String headers) {
    return new Fault(name, 502, "no_usage", text("HTTP/1.1 200 OK\r\n" + headers + "\r\n"));
  }

  static Stream<Fault> beforeTheHead() {
    String json = "content-type: application/json\r\n";
    String ok = json + "content-length: 0\r\n";
    return Stream.of(
        new Fault("closed", 502, "cut", text("")),
        new Fault("reset", 502, "cut", (request, socket, out) -> reset(socket)),
        new Fault("half a head", 502, "cut", text("HTTP/1.1 200 O")),
        new Fault(
            "silent", 504, "timed_out", (request, socket, out) -> FakeUpstream.awaitClose(socket)),
        new Fault("garbage", 502, "no_usage", text("\u0000\u0001garbage\r\n\r\n")),
        new Fault("other protocol", 502, "no_usage", text("ICY 200 OK\r\n" + ok + "\r\n")),
        new Fault("http/1.0", 502, "no_usage", text("HTTP/1.0 200 OK\r\n" + ok + "\r\n")),
        new Fault(
            "redirect",
            502,
            "no_usage",
            text("HTTP/1.1 302 Found\r\nlocation: https://evil.test/\r\n" + ok + "\r\n")),
        new Fault("101", 502, "no_usage", text("HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n")),
        new Fault("100", 502, "no_usage", text("HTTP/1.1 100 Continue\r\n\r\n")),
        new Fault("204", 502, "no_usage", text("HTTP/1.1 204 None\r\n\r\n")),
        head("both framings", ok + "transfer-encoding: chunked\r\n"),
        head("two lengths", ok + "content-length: 5\r\n"),
        head("same length twice", ok + "content-length: 0\r\n"),
        head("no framing", json),
        head("odd encoding", json + "transfer-encoding: gzip, chunked\r\n"),
        head("gzip", ok + "content-encoding: gzip\r\n"),
        head("html", "content-type: text/html\r\ncontent-length: 0\r\n"),
        head("folded", ok + "x: a\r\n b\r\n"),
        head("bare lf", ok + "x: a\nb: c\r\n"),
        head("1 MB header", ok + "x: " + "a".repeat(1 << 20) + "\r\n"),
        head("201 headers", ok + "a: b\r\n".repeat(201)),
        head("key in a passed header", ok + "request-id: " + Rig.KEY + "\r\n"),
        head("key in a dropped header", ok + "x-debug: got " + Rig.KEY + "!\r\n"),
        new Fault(
            "key in an error",
            502,
            "no_usage",
            (request, socket, out) -> RelayTest.json(out, 400, "you sent " + Rig.KEY)),
        new Fault(
            "error cut", 502, "cut", text("HTTP/1.1 500 X\r\ncontent-length: 10\r\n\r\n12345")));
  }

  @ParameterizedTest
  @MethodSource("beforeTheHead")
  void givesAnErrorOfItsOwn(Fault fault) throws Exception {
    try (Rig rig = new Rig(fault.answer(), Rig.shortTimes())) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.status()).isEqualTo(fault.status());
      assertThat(answer.whole()).isTrue();
      assertThat(answer.head() + answer.text()).doesNotContain(Rig.KEY, "evil");
      chargedOnce(rig, fault.reason());
    }
  }

  /** The positive control: a naive proxy hands on what the upstream may not say. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "redirect",
        "101",
        "http/1.0",
        "both framings",
        "two lengths",
        "gzip",
        "html",
        "key in a passed header",
        "key in a dropped header",
        "key in an error",
        "error cut"
      })
  void aNaiveProxyPassesItOn(String name) throws Exception {
    Fault fault = beforeTheHead().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    try (FakeUpstream upstream = new FakeUpstream(fault.answer());
        NaiveProxy naive = new NaiveProxy(upstream.port());
        RawClient client = new RawClient(naive.port())) {
      RawClient.Answer answer = client.send(RawClient.post(RawClient.BODY)).read();
      assertThat(answer.status()).isIn(101, 200, 302, 400, 500);
      assertThat((answer.head() + answer.text()).contains(Rig.KEY)).isEqualTo(name.contains("key"));
    }
  }

  /** The positive control: a proxy that ends every answer in order makes a cut one whole. */
  @ParameterizedTest
  @MethodSource("inTheStream")
  void aNaiveProxyMakesItWhole(Fault fault) throws Exception {
    try (FakeUpstream upstream = new FakeUpstream(fault.answer());
        NaiveProxy naive = new NaiveProxy(upstream.port());
        RawClient client = new RawClient(naive.port())) {
      assertThat(client.send(RawClient.post(RawClient.BODY)).read().whole()).isTrue();
    }
  }

  private static void chargedOnce(Rig rig, String reason) {
    Rig.until(() -> !rig.ledger.of("charge").isEmpty());
    assertThat(rig.ledger.of("charge").getFirst().members()).containsEntry("reason", reason);
    assertThat(rig.ledger.of("settle")).isEmpty();
    assertThat(rig.ledger.of("void")).isEmpty();
    assertThat(rig.upstream.requests).hasSize(1);
    assertThat(rig.log()).doesNotContain(Rig.KEY);
  }

  private static Fault stream(String name, String reason, FakeUpstream.Answer then) {
    FakeUpstream.Answer answer =
        (request, socket, out) -> {
          out.write(Sse.bytes(Sse.HEAD));
          Sse.chunk(out, Sse.start());
          Sse.chunk(out, Sse.delta("x"));
          then.write(request, socket, out);
        };
    return new Fault(name, 200, reason, answer);
  }

  static Stream<Fault> inTheStream() {
    return Stream.of(
        stream("closed", "cut", text("")),
        stream("reset", "cut", (request, socket, out) -> reset(socket)),
        stream("half a chunk", "cut", text("ff\r\nabc")),
        stream("bad size", "no_usage", text("zz\r\nabc\r\n0\r\n\r\n")),
        stream("extension", "no_usage", text("3;a=b\r\nabc\r\n0\r\n\r\n")),
        stream("trailer", "no_usage", text("0\r\nx: y\r\n\r\n")),
        stream("no line end", "no_usage", text("3\r\nabcd\r\n0\r\n\r\n")),
        stream("half a terminator", "cut", text("0\r\n")),
        stream("stall", "timed_out", (request, socket, out) -> FakeUpstream.awaitClose(socket)),
        new Fault(
            "short json",
            200,
            "cut",
            text(
                "HTTP/1.1 200 OK\r\n"
                    + "content-type: application/json\r\n"
                    + "content-length: 99\r\n\r\n"
                    + "{}")));
  }

  @ParameterizedTest
  @MethodSource("inTheStream")
  void aTruncatedStreamNeverLooksWhole(Fault fault) throws Exception {
    try (Rig rig = new Rig(fault.answer(), Rig.shortTimes())) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.whole()).isFalse();
      chargedOnce(rig, fault.reason());
    }
  }

  @Test
  void aWholeStreamWithoutItsLastEventIsCharged() throws Exception {
    String events = Sse.start() + Sse.delta("x") + Sse.event("error", ",\"error\":{}");
    try (Rig rig =
        new Rig(
            (request, socket, out) -> {
              out.write(Sse.bytes(Sse.HEAD));
              Sse.chunk(out, events);
              out.write(Sse.bytes("0\r\n\r\n"));
            })) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.text()).isEqualTo(events);
      chargedOnce(rig, "no_usage");
    }
  }

  @Test
  void aCutBehindTheLastEventIsSettledAndStillNotWhole() throws Exception {
    try (Rig rig =
        new Rig(
            (request, socket, out) -> {
              out.write(Sse.bytes(Sse.HEAD));
              Sse.chunk(out, Sse.whole(2));
              reset(socket);
            })) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.whole()).isFalse();
      Rig.until(() -> !rig.ledger.ends.isEmpty());
      // A reset may overtake the last event; what was not seen is charged.
      assertThat(rig.ledger.ends.values())
          .allMatch(end -> end.equals("settle") || end.equals("charge"));
    }
  }

  @Test
  void anUpstreamThatTakesNothingIsLeft() throws Exception {
    String big = RawClient.post(RawClient.BODY.replace("hello", "x".repeat(12 << 20)));
    try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        FakeUpstream unused = new FakeUpstream(deaf, text(""));
        Rig rig = new Rig(unused, "http://127.0.0.1:", null, Rig.shortTimes())) {
      unused.answer = (request, socket, out) -> FakeUpstream.awaitClose(socket);
      unused.deaf = true;
      assertThat(rig.exchange(big).status()).isEqualTo(504);
      Rig.until(() -> !rig.ledger.of("charge").isEmpty());
      assertThat(rig.ledger.of("charge").getFirst().text()).contains("timed_out");
    }
  }

  /** Else a stream that trickles for ever keeps its reservation for ever. */
  @Test
  void aCallEndsWhenItIsTooOld() throws Exception {
    Limits all = Rig.shortTimes();
    Limits young =
        new Limits(
            all.sizes(),
            all.client(),
            new Limits.UpstreamTimes(2_000, 500, 500, 1_000, 20_000, 1_200),
            all.ledger());
    FakeUpstream.Answer trickle =
        (request, socket, out) -> {
          out.write(Sse.bytes(Sse.HEAD));
          while (true) {
            Sse.chunk(out, Sse.event("ping", ""));
            TimeUnit.MILLISECONDS.sleep(50);
          }
        };
    try (Rig rig = new Rig(trickle, young)) {
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).whole()).isFalse();
      chargedOnce(rig, "timed_out");
    }
  }

  @Test
  void anUpstreamThatIsNotThereCostsNothing() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> {})) {
      rig.upstream.close();
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).status()).isEqualTo(502);
      Rig.until(() -> rig.ledger.ends.containsValue("void"));
      assertThat(rig.ledger.of("charge")).isEmpty();
    }
  }
}
