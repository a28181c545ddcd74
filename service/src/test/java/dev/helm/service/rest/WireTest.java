package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hostile clients on raw sockets. */
@Timeout(120)
class WireTest {
  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    service.token();
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static Socket connect(String from) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(new InetSocketAddress("127.0.0.1", service.port), 10_000);
    socket.setSoTimeout(40_000);
    return socket;
  }

  private static String exchange(byte[] raw) throws IOException {
    try (Socket socket = connect("127.0.0.1")) {
      socket.getOutputStream().write(raw);
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return answer.toString(StandardCharsets.ISO_8859_1);
    } catch (SocketException e) {
      // Refused before all of it was read: an end is an answer.
      return "";
    }
  }

  private static String request(String method, String target, String headers, String body) {
    return method
        + " "
        + target
        + " HTTP/1.1\r\nHost: 127.0.0.1:"
        + service.port
        + "\r\nAuthorization: Bearer "
        + service.token()
        + "\r\nConnection: close\r\n"
        + headers
        + "\r\n"
        + body;
  }

  private static void healthy() {
    assertThat(service.get("/api/runs").status()).as("it goes on unharmed").isEqualTo(200);
  }

  @Test
  void noTargetOfAnyShapeMakesAServerErrorOrLeavesTheApi() throws Exception {
    healthy();
    for (String target :
        List.of(
            "/api/..;/runs",
            "/api/runs/..;/..;/x",
            "/api/%2e%2e/runs",
            "/api/%2e%2e%2fadmin",
            "/api/runs/%2F%2F",
            "/api/runs/%252e%252e%252f",
            "/api/runs/%00",
            "/api/runs/a%00b",
            "/api/runs/%ff%fe",
            "/api/runs/%c0%ae%c0%ae",
            "/api/runs/%u002e",
            "/api/runs/%",
            "/api/runs/%1",
            "/api//runs",
            "//api/runs",
            "/api/./runs",
            "/api/runs;a=b",
            "/api/runs;jsessionid=1/x",
            "\\api\\runs",
            "/api\\runs",
            "/api/runs?limit=%00",
            "/api/runs?limit=1&limit=2",
            "/api/runs?limit=" + "9".repeat(300),
            "/api/runs?cursor=" + "A".repeat(3000),
            "/api/runs?q=%ed%a0%80",
            "/api/runs?q=%f0%9f%98%80",
            "/api/runs?%ff=%fe",
            "/api/runs?status=" + ",".repeat(500),
            "http://127.0.0.1/api/runs",
            "http://evil.example/api/runs",
            "https://evil.example:99999/api/runs",
            "*",
            "evil.example:443",
            "/" + "a".repeat(9_000),
            "/api/runs/" + "../".repeat(500),
            "/.git/config",
            "/WEB-INF/web.xml",
            "/api/runs#x",
            "")) {
      for (String method : List.of("GET", "POST", "OPTIONS", "CONNECT", "get", "PROPFIND", "")) {
        String answer =
            exchange(request(method, target, "", "").getBytes(StandardCharsets.ISO_8859_1));
        harmless(method + " " + target, answer);
      }
    }
    healthy();
  }

  @Test
  void noHeadOfAnyShapeMakesAServerError() throws Exception {
    for (String headers :
        List.of(
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Transfer-Encoding: \u000bchunked\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 0x10\r\n",
            "Content-Length : 5\r\n",
            " folded: x\r\n",
            "X: a\r\n b\r\n",
            "X\u0000: a\r\n",
            "X: a\u0000b\r\n",
            "X: \u00ff\u00fe\r\n",
            "Host: second\r\n",
            "Expect: 100-continue\r\n",
            "Expect: nonsense\r\n",
            "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\nConnection: Upgrade\r\n",
            "Accept: */*;q=nonsense\r\n",
            "Accept: " + "a/b,".repeat(900) + "\r\n",
            "Accept: /\r\n",
            "Content-Type: nonsense\r\n",
            "Content-Type: application/json; charset=nonsense\r\n",
            "Accept-Language: \u0001\r\n",
            "Cookie: " + "a=b;".repeat(900) + "\r\n",
            "Range: bytes=0-1,2-3,4-\r\n",
            "If-Modified-Since: nonsense\r\n",
            "Idempotency-Key: \u00e9\r\n",
            "X-Forwarded-For: " + "1,".repeat(2_000) + "\r\n",
            "Forwarded: for=\"[::1\r\n",
            "X: a\r\n".repeat(500),
            "Big: " + "x".repeat(9_000) + "\r\n")) {
      for (String method : List.of("GET", "POST")) {
        harmless(
            headers,
            exchange(
                request(method, "/api/runs", headers, "{\"blueprint\":\"x\"}")
                    .getBytes(StandardCharsets.ISO_8859_1)));
      }
    }
    healthy();
  }

  @Test
  void noBodyOfAnyShapeMakesAServerError() throws Exception {
    List<String> bodies = new ArrayList<>();
    for (String value :
        List.of(
            "\"\\ud800\"",
            "\"\\u0000\"",
            "\"\u0000\"",
            "\"\u00ff\u00fe\"",
            "1e999999999",
            "9".repeat(2_000),
            "-" + "9".repeat(400) + "." + "9".repeat(400),
            "[".repeat(150) + "]".repeat(150),
            "[".repeat(100_000),
            "{\"a\":".repeat(5_000),
            "{\"a\":1,\"a\":2}",
            "NaN",
            "Infinity",
            "0x10",
            "true",
            "null",
            "\"" + "x".repeat(500_000) + "\"",
            "\"" + "\\u0301".repeat(5_000) + "\"")) {
      for (String member : List.of("blueprint", "input", "name", "prompt", "budgetUsd", "x")) {
        bodies.add("{\"blueprint\":\"x\",\"" + member + "\":" + value + "}");
      }
      bodies.add(value);
    }
    bodies.add("\u00ef\u00bb\u00bf{\"blueprint\":\"x\"}");
    bodies.add("\u00fe\u00ff\u0000{");
    for (String body : bodies) {
      for (String path :
          List.of("/api/runs", "/api/auth/login", "/api/users", "/api/permissions/x")) {
        byte[] bytes = body.getBytes(StandardCharsets.ISO_8859_1);
        String head =
            request(
                "POST",
                path,
                "Content-Type: application/json\r\nIdempotency-Key: "
                    + UUID.randomUUID()
                    + "\r\nContent-Length: "
                    + bytes.length
                    + "\r\n",
                "");
        String what = path + " " + body.substring(0, Math.min(60, body.length()));
        harmless(what, exchange((head + body).getBytes(StandardCharsets.ISO_8859_1)));
      }
    }
    healthy();
  }

  @Test
  void noNoiseOnTheSocketMakesAServerError() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] good =
        request(
                "POST",
                "/api/runs",
                "Content-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 17\r\n",
                "{\"blueprint\":\"x\"}")
            .getBytes(StandardCharsets.ISO_8859_1);
    assertThat(exchange(good)).as("positive control").startsWith("HTTP/1.1 404");
    for (int i = 0; i < 400; i++) {
      byte[] bytes = i % 4 == 0 ? new byte[random.nextInt(300)] : good.clone();
      if (i % 4 == 0) {
        random.nextBytes(bytes);
      } else {
        for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      }
      harmless("seed " + seed + " round " + i, exchange(bytes));
    }
    healthy();
  }

  private static void harmless(String what, String answer) {
    if (answer.isEmpty()) {
      return;
    }
    assertThat(answer).as(what).startsWith("HTTP/1.1 ").doesNotStartWith("HTTP/1.1 5");
    assertThat(answer.toLowerCase(Locale.ROOT))
        .as(what)
        .doesNotContain("\tat ", "exception", "jetty", "jersey", service.home.toString());
    int status = Integer.parseInt(answer.substring(9, 12));
    boolean bare = answer.toLowerCase(Locale.ROOT).contains("content-length: 0\r\n");
    if (status >= 400 && !bare) {
      assertThat(answer).as(what).contains("application/problem+json", "nosniff");
    }
  }

  @Test
  void aCompressedBodyIsNotUnpacked() throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(packed)) {
      for (int i = 0; i < 50; i++) {
        gzip.write(new byte[1024 * 1024]);
      }
    }
    String head =
        request(
            "POST",
            "/api/runs",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\nIdempotency-Key: k\r\n"
                + "Content-Length: "
                + packed.size()
                + "\r\n",
            "");
    assertThat(
            exchange(
                (head + packed.toString(StandardCharsets.ISO_8859_1))
                    .getBytes(StandardCharsets.ISO_8859_1)))
        .startsWith("HTTP/1.1 415");
  }

  @Test
  void aPageOfAnotherSiteCanDoNothing() {
    for (String origin : List.of("https://evil.example", "null", "http://127.0.0.1:1")) {
      for (String path : List.of("/api/auth/login", "/api/runs", "/api/auth/ticket")) {
        RunningService.Answer answer =
            service.send(
                service
                    .authorized(path)
                    .header("Origin", origin)
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", "k")
                    .POST(
                        java.net.http.HttpRequest.BodyPublishers.ofString("{\"for\":\"stream\"}")));
        assertThat(answer.status()).as(origin + " " + path).isEqualTo(403);
        assertThat(answer.text("code")).isEqualTo("forbidden");
        assertThat(answer.raw().headers().map().keySet())
            .as("no page may read an answer")
            .noneMatch(name -> name.toLowerCase(Locale.ROOT).startsWith("access-control-"));
      }
    }
    RunningService.Answer own =
        service.send(
            service
                .authorized("/api/auth/ticket")
                .header("Origin", "http://localhost:" + service.port)
                .header("Content-Type", "application/json")
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString("{\"for\":\"stream\"}")));
    assertThat(own.status()).as("positive control: Helm's own page").isEqualTo(200);
    assertThat(own.header("Strict-Transport-Security")).as("only behind TLS").isEmpty();
    assertThat(own.header("Permissions-Policy")).contains("camera=()");
    assertThat(own.header("Cross-Origin-Opener-Policy")).isEqualTo("same-origin");
    assertThat(own.header("Cross-Origin-Resource-Policy")).isEqualTo("same-origin");
    assertThat(service.get("/").header("Content-Security-Policy"))
        .contains("default-src 'none'")
        .doesNotContain("unsafe-inline", "unsafe-eval", "*");
  }

  @Test
  void aHeadThatComesByteByByteIsCutOff() throws Exception {
    try (Socket slow = connect("127.0.0.1");
        Socket silent = connect("127.0.0.1");
        Socket second = connect("127.0.0.1")) {
      second
          .getOutputStream()
          .write("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] answer = new byte[4096];
      assertThat(second.getInputStream().read(answer)).as("positive control").isPositive();
      long began = System.nanoTime();
      byte[] head =
          "GET /api/health HTTP/1.1\r\nHost: x\r\nX: ".getBytes(StandardCharsets.US_ASCII);
      int sent = 0;
      boolean cut = false;
      slow.setSoTimeout(500);
      while (!cut && System.nanoTime() - began < 60_000_000_000L) {
        try {
          slow.getOutputStream().write(sent < head.length ? head[sent++] : 'x');
          second.getOutputStream().write(sent < head.length ? head[sent] : 'x');
          cut = slow.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
          // Nothing came, and it is not closed: the next byte.
        } catch (IOException e) {
          cut = true;
        }
      }
      assertThat(cut).as("the first head of a connection").isTrue();
      assertThat(ended(second)).as("a later head of a connection").isTrue();
      assertThat(ended(silent)).as("a connection that says nothing").isTrue();
    }
    healthy();
  }

  private static boolean ended(Socket socket) {
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {
        // What is left of an answer.
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void oneAddressCannotTakeAllConnections() throws Exception {
    List<Socket> held = new ArrayList<>();
    try {
      for (int i = 0; i < ConnectionGuard.ADDRESS_CONNECTIONS_MAX + 20; i++) {
        held.add(connect("127.0.0.9"));
      }
      Socket last = held.getLast();
      assertThat(ended(last)).as("one too many").isTrue();
      healthy();
      try (Socket other = connect("127.0.0.8")) {
        other
            .getOutputStream()
            .write(
                "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(other.getInputStream().read()).as("another address").isEqualTo('H');
      }
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
    healthy();
  }

  // ---- WebSocket -----------------------------------------------------------------------------

  private static Socket upgraded(String extra) throws IOException {
    Socket socket = connect("127.0.0.1");
    socket
        .getOutputStream()
        .write(
            ("GET /api/stream?ticket="
                    + service.ticket()
                    + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                    + extra
                    + "\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) socket.getInputStream().read());
    }
    assertThat(head.toString()).startsWith("HTTP/1.1 101").doesNotContain("permessage-deflate");
    return socket;
  }

  private static byte[] frame(int firstByte, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(14 + payload.length);
    frame.put((byte) firstByte);
    if (payload.length < 126) {
      frame.put((byte) (0x80 | payload.length));
    } else {
      frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
    }
    frame.putInt(0).put(payload);
    byte[] bytes = new byte[frame.position()];
    frame.flip().get(bytes);
    return bytes;
  }

  private static String sendAll(String extra, List<byte[]> frames) throws IOException {
    try (Socket socket = upgraded(extra)) {
      try {
        for (byte[] frame : frames) {
          socket.getOutputStream().write(frame);
        }
        socket.getOutputStream().flush();
      } catch (IOException e) {
        // Closed in the middle, as it should be.
      }
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      try {
        socket.getInputStream().transferTo(answer);
      } catch (SocketTimeoutException e) {
        return "open: " + answer.toString(StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        // Closed too; what was not read yet, the reason among it, is gone with a reset.
        return "reset: " + answer.toString(StandardCharsets.ISO_8859_1);
      }
      return answer.toString(StandardCharsets.ISO_8859_1);
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void floodsAndOddFramesCloseTheSocket() throws Exception {
    List<byte[]> pings = new ArrayList<>();
    List<byte[]> pongs = new ArrayList<>();
    List<byte[]> fragments = new ArrayList<>();
    fragments.add(frame(0x01, text("{")));
    for (int i = 0; i < 2_000; i++) {
      pings.add(frame(0x89, text("x")));
      pongs.add(frame(0x8a, new byte[0]));
      fragments.add(frame(0x00, new byte[0]));
    }
    assertThat(sendAll("", pings)).as("pings").containsAnyOf("too_many_requests", "reset: ");
    assertThat(sendAll("", pongs)).as("pongs").containsAnyOf("too_many_requests", "reset: ");
    assertThat(sendAll("", fragments))
        .as("fragments of nothing")
        .containsAnyOf("too_many_requests", "reset: ");
    List<byte[]> pieces = new ArrayList<>(List.of(frame(0x01, new byte[2_000])));
    for (int i = 0; i < 5; i++) {
      pieces.add(frame(0x00, "x".repeat(2_000).getBytes(StandardCharsets.US_ASCII)));
    }
    assertThat(sendAll("", pieces))
        .as("a long message in pieces")
        .containsAnyOf("too_large", "reset: ");
    assertThat(sendAll("", List.of(frame(0x81, new byte[5_000])))).as("a long frame").isNotEmpty();
    assertThat(sendAll("", List.of(frame(0x82, new byte[10]))))
        .as("binary")
        .contains("bad_request");
    for (byte[] odd :
        List.of(
            frame(0x83, new byte[1]), // a reserved opcode
            frame(0xf1, text("{}")), // reserved bits
            frame(0x09, new byte[1]), // a fragmented ping
            frame(0x80, new byte[1]), // a continuation of nothing
            frame(0x81, new byte[] {(byte) 0xff, (byte) 0xfe}), // no UTF-8
            new byte[] {(byte) 0x81, 0x02, 'h', 'i'}, // not masked
            new byte[] {(byte) 0x81, (byte) 0xff, -1, -1, -1, -1, -1, -1, -1, -1})) {
      assertThat(sendAll("", List.of(odd))).as("frame %x", odd[0]).doesNotStartWith("open");
    }
    healthy();
  }

  @Test
  void noExtensionIsAgreedOnSoNothingIsUnpacked() throws Exception {
    String offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    try (Socket socket = upgraded(offer)) {
      socket.getOutputStream().write(frame(0xc1, new byte[] {0x2a, 0x4e, 0x05, 0x00}));
      assertThat(ended(socket)).as("a compressed frame").isTrue();
    }
    healthy();
  }
}
