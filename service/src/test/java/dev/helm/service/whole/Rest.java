package dev.helm.service.whole;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An outside script: REST with a token, each POST repeated under its key until it is answered. */
final class Rest {
  private static final long ANSWER_MS = 60_000;
  private static final long PAUSE_MS = 150;

  /** An answer; {@code body} is an empty object when there was no JSON. */
  record Answer(int status, JsonNode body) {
    boolean ok() {
      return status >= 200 && status < 300;
    }
  }

  private final int port;
  private final String token;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  private Rest(int port, String password) throws InterruptedException {
    this.port = port;
    String body = HelmJson.write(Map.of("username", "owner", "password", password));
    Answer answer =
        until(
            request("/api/auth/login")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    this.token = answer.body().path("token").asText();
  }

  static Rest login(Launched helm) throws IOException, InterruptedException {
    Path file = helm.home.resolve("owner.credentials");
    String password =
        Files.readString(file)
            .lines()
            .filter(line -> line.startsWith("password: "))
            .findFirst()
            .orElseThrow()
            .substring("password: ".length());
    return new Rest(helm.port, password);
  }

  HttpClient http() {
    return http;
  }

  /** One attempt; null when the service is not there or cannot answer now. */
  @Nullable Answer tryGet(String path) throws InterruptedException {
    return once(authorized(path).GET());
  }

  Answer get(String path) throws InterruptedException {
    return until(authorized(path).GET());
  }

  Answer post(String path, Object body) throws InterruptedException {
    return post(path, body, UUID.randomUUID().toString());
  }

  /** Repeated under the same key until there is an answer that is not "try again". */
  Answer post(String path, Object body, String key) throws InterruptedException {
    return until(posting(path, body, key));
  }

  /** One attempt; null when the service is not there or cannot answer now. */
  @Nullable Answer tryPost(String path, Object body, String key) throws InterruptedException {
    return once(posting(path, body, key));
  }

  Answer putYaml(String path, String yaml) throws InterruptedException {
    return until(
        authorized(path)
            .header("Content-Type", "application/yaml")
            .PUT(HttpRequest.BodyPublishers.ofString(yaml)));
  }

  /** The stream's address with a new ticket; null when the service is not there. */
  @Nullable URI stream() throws InterruptedException {
    Answer answer =
        once(
            authorized("/api/auth/ticket")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"for\":\"stream\"}")));
    return answer == null || !answer.ok()
        ? null
        : URI.create(
            "ws://127.0.0.1:"
                + port
                + "/api/stream?ticket="
                + answer.body().path("ticket").asText());
  }

  private HttpRequest.Builder posting(String path, Object body, String key) {
    return authorized(path)
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", key)
        .POST(HttpRequest.BodyPublishers.ofString(HelmJson.write(body)));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(15));
  }

  HttpRequest.Builder authorized(String path) {
    return request(path).header("Authorization", "Bearer " + token);
  }

  private Answer until(HttpRequest.Builder request) throws InterruptedException {
    long deadline = System.nanoTime() + ANSWER_MS * 1_000_000;
    while (true) {
      Answer answer = once(request);
      if (answer != null) {
        return answer;
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("no answer within " + ANSWER_MS + " ms");
      }
      Thread.sleep(PAUSE_MS);
    }
  }

  private @Nullable Answer once(HttpRequest.Builder request) throws InterruptedException {
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
      boolean again = response.statusCode() >= 500 || response.statusCode() == 429;
      boolean json = response.headers().firstValue("Content-Type").orElse("").contains("json");
      return again
          ? null
          : new Answer(
              response.statusCode(),
              json
                  ? HelmJson.read(response.body(), JsonNode.class)
                  : HelmJson.mapper().createObjectNode());
    } catch (IOException e) {
      return null;
    }
  }
}
