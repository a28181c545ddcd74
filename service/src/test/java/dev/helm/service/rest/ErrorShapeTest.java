package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ErrorShapeTest {
  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void everyRefusalIsAProblemWithItsCodeAndTheHeadersThatProtect() {
    check(service.get("/api/nothing"), 404, "not_found");
    check(service.get("/nothing"), 404, "not_found");
    check(service.send(service.authorized("/api/runs").DELETE()), 405, "method_not_allowed");
    check(
        service.send(
            service
                .authorized("/api/runs")
                .header("Content-Type", "text/plain")
                .header("Idempotency-Key", "k")
                .POST(HttpRequest.BodyPublishers.ofString("x"))),
        415,
        "unsupported_media_type");
    check(
        service.send(service.authorized("/api/runs").header("Accept", "image/png").GET()),
        406,
        "not_acceptable");
    check(service.post("/api/runs", "{", "k1"), 400, "bad_request");
    check(
        service.post("/api/runs", "{\"blueprint\":\"a\",\"blueprint\":\"b\"}"), 400, "bad_request");
    check(service.post("/api/runs", "{} {}"), 400, null);
    check(service.post("/api/runs", "[1]"), 400, "invalid_input");
    check(service.post("/api/runs", "{\"blueprint\":7}"), 400, "invalid_input");
    check(service.post("/api/runs", "[".repeat(5000)), 400, null);
    check(
        service.post("/api/runs", "{\"blueprint\":\"x\",\"budgetUsd\":\"a\"}"),
        400,
        "invalid_input");
    check(
        service.post("/api/runs", "{\"blueprint\":\"x\",\"budgetUsd\":1e400}"),
        400,
        "invalid_input");
    check(
        service.post("/api/runs", "\"" + "x".repeat(BodyLimit.BYTES_MAX) + "\""), 413, "too_large");
    check(service.get("/api/runs?limit=0"), 400, "invalid_input");
    check(service.get("/api/runs?limit=abc"), 400, "invalid_input");
    check(service.get("/api/runs?cursor=abc"), 400, "invalid_cursor");
    check(service.get("/api/runs?status=runing"), 400, "invalid_input");
    check(service.get("/api/runs/ab/diff"), 404, "not_found");
    check(service.post("/api/runs/ab/rollback", "{\"to\":\"start\"}"), 404, "not_found");
    check(service.post("/api/decide", "{}"), 400, "not_supported_yet");
    check(service.get("/api/schedules/x"), 404, "not_found");
    check(service.get("/api/stream?ticket=x"), 400, "bad_request");
    check(
        service.send(service.authorized("/api/runs").header("X-Long", "x".repeat(9000)).GET()),
        413,
        "too_large");
  }

  @Test
  void anUnknownMemberIsToldWithItsPlaceAndTheNearestWord() {
    RunningService.Answer answer =
        service.post("/api/runs", "{\"blueprint\":\"x\",\n \"promt\":\"y\"}");
    check(answer, 400, "invalid_input");
    var place = answer.json().path("errors").get(0);
    assertThat(place.path("path").asText()).isEqualTo("promt");
    assertThat(place.path("line").asInt()).isEqualTo(2);
    assertThat(place.path("hint").asText()).isEqualTo("did you mean \"prompt\"?");
    RunningService.Answer missing = service.post("/api/runs", "{}");
    assertThat(missing.text("title")).isEqualTo("\"blueprint\" is missing");
  }

  @Test
  void aPostWithoutAKeyIsRefused() {
    HttpRequest.Builder bare =
        service
            .authorized("/api/runs")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"blueprint\":\"x\"}"));
    check(service.send(bare), 400, "idempotency_key_required");
    check(
        service.post("/api/runs", "{\"blueprint\":\"x\"}", "k".repeat(201)),
        400,
        "idempotency_key_required");
  }

  @Test
  void whatIsNoHttpIsRefusedByTheServerInTheSameShape() throws Exception {
    for (String raw :
        List.of(
            "GET /api/runs HTTP/1.1\r\n\r\n",
            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /api/%2e%2e/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "BREW /api/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "TRACE /api/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                + "Content-Type: application/json\r\nConnection: close\r\n\r\nzz\r\n",
            "\u0000\u0001\u0002\r\n\r\n")) {
      String answer = exchange(raw.getBytes(StandardCharsets.ISO_8859_1));
      assertThat(answer).as(raw).startsWith("HTTP/1.1 4").doesNotContain("\tat ");
      assertThat(answer.toLowerCase(java.util.Locale.ROOT)).as(raw).doesNotContain("jetty");
    }
  }

  @Test
  void noNoiseMakesAServerError() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String[] paths = {"/api/auth/login", "/api/runs", "/api/permissions/x", "/api/blueprints/x"};
    for (int i = 0; i < 150; i++) {
      byte[] body = new byte[random.nextInt(200)];
      random.nextBytes(body);
      if (random.nextBoolean()) {
        for (int j = 0; j < body.length; j++) {
          body[j] = (byte) "{}[]\":,0123456789truefalsenull\\u \n".charAt(random.nextInt(33));
        }
      }
      String path = paths[random.nextInt(paths.length)];
      boolean put = path.contains("blueprints");
      HttpRequest.Builder request =
          service
              .authorized(path)
              .header("Content-Type", put && i % 2 == 0 ? "application/yaml" : "application/json")
              .header("Idempotency-Key", "noise-" + i)
              .method(put ? "PUT" : "POST", HttpRequest.BodyPublishers.ofByteArray(body));
      RunningService.Answer answer = service.send(request);
      assertThat(answer.status()).as("seed " + seed + " round " + i).isBetween(400, 499);
    }
  }

  @Test
  void theAdminPortOnlyShows() throws Exception {
    assertThat(admin("GET", "/healthcheck")).isEqualTo(200);
    assertThat(admin("GET", "/metrics")).isEqualTo(200);
    assertThat(admin("POST", "/tasks/gc")).isEqualTo(404);
    assertThat(admin("GET", "/threads")).isEqualTo(404);
  }

  private static int admin(String method, String path) throws Exception {
    return service
        .http()
        .send(
            HttpRequest.newBuilder(
                    java.net.URI.create("http://127.0.0.1:" + (service.port + 1) + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            java.net.http.HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private static void check(RunningService.Answer answer, int status, @Nullable String code) {
    assertThat(answer.status()).as(answer.raw().uri() + answer.raw().body()).isEqualTo(status);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.json().path("status").asInt()).isEqualTo(status);
    if (code != null) {
      assertThat(answer.text("code")).as(answer.raw().body()).isEqualTo(code);
    }
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("Content-Security-Policy")).contains("frame-ancestors 'none'");
    assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
    if (answer.raw().uri().getPath().startsWith("/api")) {
      assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    }
    assertThat(answer.header("Server")).isEmpty();
  }

  private static String exchange(byte[] raw) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.port)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(raw);
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return answer.toString(StandardCharsets.ISO_8859_1);
    }
  }
}
