package dev.helm.service.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Every door through which a running Helm answers, and what comes out of it, whole. */
final class CanaryDoors {
  private final Launched helm;
  private final Rest rest;
  private int answers;

  CanaryDoors(Launched helm) throws IOException, InterruptedException {
    this.helm = helm;
    this.rest = Rest.login(helm);
  }

  String amount() {
    return answers + " answers";
  }

  void put(String blueprint, String yaml) throws InterruptedException {
    Rest.Answer put = rest.putYaml("/api/blueprints/" + blueprint, yaml);
    assertThat(put.ok()).as(put.toString()).isTrue();
  }

  String start(String blueprint, String marker) throws InterruptedException {
    Rest.Answer answer =
        rest.post("/api/runs", Map.of("blueprint", blueprint, "input", Map.of("marker", marker)));
    assertThat(answer.ok()).as(answer.toString()).isTrue();
    return answer.body().path("id").asText();
  }

  JsonNode run(String run) throws InterruptedException {
    return rest.get("/api/runs/" + run).body();
  }

  String events(String run) throws InterruptedException {
    return rest.get("/api/runs/" + run + "/events?limit=1000").body().toString();
  }

  void cancel(String run) throws InterruptedException {
    rest.post("/api/runs/" + run + "/cancel", Map.of());
  }

  void awaitEvent(String run, String type, long timeoutMs) throws InterruptedException {
    long due = System.nanoTime() + timeoutMs * 1_000_000;
    while (!events(run).contains("\"" + type + "\"")) {
      assertThat(System.nanoTime() - due).as(type + " of " + events(run)).isNegative();
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  /** Goes through all of them. */
  void searchAll(CanaryPlaces places, List<String> runs) throws Exception {
    paths(places, runs);
    for (String path : List.of("", "metrics", "healthcheck", "ping", "threads", "tasks/gc")) {
      answer(places, helm.port + 1, "/" + path, false);
    }
    keyProxy(places);
    stream(places, runs);
  }

  /** Every GET of the interface's own description, with and without the proof that it asks for. */
  private void paths(CanaryPlaces places, List<String> runs) throws Exception {
    JsonNode document =
        HelmJson.read(answer(places, helm.port, "/openapi.json", false), JsonNode.class);
    List<String> asked = new ArrayList<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path -> {
              if (path.getValue().has("get")) {
                for (String run : runs) {
                  asked.add(
                      path.getKey().replace("{name}", "canary").replaceAll("\\{[a-z]+}", run));
                }
              }
            });
    assertThat(asked).hasSizeGreaterThan(10);
    for (String path : asked) {
      for (String query : List.of("", "?limit=1000", "?path=note.txt", "?path=&at=start")) {
        if (!path.contains("stream")) {
          answer(places, helm.port, path + query, true);
        }
      }
      answer(places, helm.port, path, false);
    }
  }

  private String answer(CanaryPlaces places, int port, String path, boolean asOwner)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        asOwner
            ? rest.authorized(path)
            : HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    HttpResponse<byte[]> response =
        rest.http()
            .send(
                request.timeout(Duration.ofSeconds(20)).GET().build(),
                HttpResponse.BodyHandlers.ofByteArray());
    answers++;
    String text = new String(response.body(), StandardCharsets.UTF_8);
    places.text("GET " + path, response.statusCode() + " " + response.headers().map() + text);
    return text;
  }

  /** What the key proxy says to strangers and to nonsense. */
  private void keyProxy(CanaryPlaces places) throws IOException {
    String start = "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    String body = "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":9,\"messages\":[]}";
    String length = "content-length: " + body.length() + "\r\n\r\n";
    for (String request :
        List.of(
            "GET / HTTP/1.1\r\n\r\n",
            "nonsense\r\n\r\n",
            start + length + body,
            start + "x-api-key: practice\r\n" + length + body,
            start + "authorization: Bearer helm_x\r\n" + length + body,
            start + "x-api-key: a\r\n" + length + body.replace("9", "-9"))) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), helm.port + 4)) {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        socket.shutdownOutput();
        String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        answers++;
        places.text("key proxy", answer);
      }
    }
  }

  /** All frames of the runs and of the list, until each has caught up. */
  private void stream(CanaryPlaces places, List<String> runs) throws Exception {
    StringBuilder frames = new StringBuilder();
    CompletableFuture<Boolean> caughtUp = new CompletableFuture<>();
    int subscribed = runs.size() + 1;
    WebSocket socket =
        rest.http()
            .newWebSocketBuilder()
            .buildAsync(
                Objects.requireNonNull(rest.stream()),
                new WebSocket.Listener() {
                  @Override
                  public @Nullable CompletionStage<?> onText(
                      WebSocket from, CharSequence text, boolean last) {
                    frames.append(text);
                    if (frames.toString().split("\"caughtUp\"", -1).length > subscribed) {
                      caughtUp.complete(true);
                    }
                    from.request(1);
                    return null;
                  }
                })
            .join();
    List<String> all = new ArrayList<>(runs);
    all.add("*");
    for (String run : all) {
      socket
          .sendText("{\"op\":\"subscribe\",\"run\":\"" + run + "\",\"after\":0}", true)
          .get(20, TimeUnit.SECONDS);
    }
    try {
      caughtUp.get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("the stream did not catch up: " + frames, e);
    } finally {
      socket.abort();
    }
    answers++;
    places.text("stream", frames.toString());
  }
}
