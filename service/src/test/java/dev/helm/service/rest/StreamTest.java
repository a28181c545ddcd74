package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StreamTest {
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
  void aSubscriberGetsThePastTheSeamAndThenTheLiveEvents() {
    String run = service.run();
    for (int i = 0; i < 600; i++) {
      service.backend().append(run, "t" + i, new RunEvent.TurnStarted(i));
    }
    try (Client client = new Client(service.ticket())) {
      client.send("{\"op\":\"subscribe\",\"run\":\"" + run.substring(0, 12) + "\",\"after\":100}");
      List<Long> seqs = new ArrayList<>();
      JsonNode seam = null;
      while (seam == null) {
        JsonNode frame = client.next(f -> !f.path("op").asText().equals("ping"));
        if (frame.path("op").asText().equals("caughtUp")) {
          seam = frame;
        } else {
          assertThat(frame.path("events").size()).isBetween(1, 256);
          frame.path("events").forEach(event -> seqs.add(event.path("seq").asLong()));
        }
      }
      assertThat(seqs.getFirst()).isEqualTo(101);
      assertThat(seqs).hasSize((int) (seqs.getLast() - 100)).isSorted();
      assertThat(seam.path("run").asText()).isEqualTo(run);
      assertThat(seam.path("seq").asLong()).isEqualTo(seqs.getLast());
      service.backend().ask(run, "live-" + run.substring(0, 6));
      JsonNode live = client.next(f -> f.path("op").asText().equals("events"));
      assertThat(live.path("events").get(0).path("seq").asLong()).isEqualTo(seqs.getLast() + 1);
      assertThat(live.path("events").get(0).path("hash").asText()).hasSize(64);
    }
  }

  @Test
  void anUnknownRunIsAnErrorFrameAndTheSocketStays() {
    String run = service.run();
    try (Client client = new Client(service.ticket())) {
      client.send("{\"op\":\"subscribe\",\"run\":\"" + "0".repeat(32) + "\"}");
      assertThat(client.next(f -> true).path("op").asText()).isEqualTo("error");
      client.send("nonsense");
      assertThat(client.next(f -> true).path("op").asText()).isEqualTo("error");
      client.send("{\"op\":\"subscribe\",\"run\":\"" + run + "\",\"after\":2}");
      JsonNode seam = client.next(f -> f.path("op").asText().equals("caughtUp"));
      assertThat(seam.path("run").asText()).isEqualTo(run);
      client.send("{\"op\":\"subscribe\",\"run\":\"*\",\"after\":0}");
      assertThat(client.next(f -> f.path("op").asText().equals("caughtUp")).path("run").asText())
          .isEqualTo("*");
    }
  }

  @Test
  void aTicketOpensTheStreamOnceAndOnlyForAMinute() {
    String ticket = service.ticket();
    new Client(ticket).close();
    refused(ticket, null, 401);
    String old = service.ticket();
    service.clock.forward(Duration.ofSeconds(61));
    refused(old, null, 401);
    refused("", null, 401);
    refused("a.b.c", null, 401);
    refused(service.token(), null, 401);
    String download =
        service
            .post("/api/auth/ticket", "{\"for\":\"download\",\"path\":\"/api/x\"}")
            .text("ticket");
    refused(download, null, 401);
  }

  @Test
  void aPageOfAnotherSiteIsNotLetIn() {
    refused(service.ticket(), "https://evil.example", 403);
    refused(service.ticket(), "null", 403);
    refused(service.ticket(), "http://127.0.0.1:1", 403);
    assertThat(StreamDoor.sameOrigin(List.of("http://127.0.0.1:9"), "127.0.0.1:9")).isTrue();
    assertThat(StreamDoor.sameOrigin(null, "127.0.0.1:9")).isTrue();
    assertThat(StreamDoor.sameOrigin(List.of("file://x"), "x")).isFalse();
    assertThat(StreamDoor.sameOrigin(List.of("http://a", "http://a"), "a")).isFalse();
    try (Client client = new Client(service.ticket(), "http://127.0.0.1:" + service.port)) {
      client.send("x");
      assertThat(client.next(f -> true).path("op").asText()).isEqualTo("error");
    }
  }

  @Test
  void logoutClosesTheSocketAndSoDoesAFrameThatIsTooLong() throws Exception {
    String token = service.login("owner", service.password()).text("token");
    String ticket =
        service
            .send(
                service
                    .request("/api/auth/ticket")
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .POST(
                        java.net.http.HttpRequest.BodyPublishers.ofString("{\"for\":\"stream\"}")))
            .text("ticket");
    try (Client client = new Client(ticket)) {
      service.send(
          service
              .request("/api/auth/logout")
              .header("Authorization", "Bearer " + token)
              .POST(java.net.http.HttpRequest.BodyPublishers.noBody()));
      assertThat(client.next(f -> f.path("op").asText().equals("error")).path("code").asText())
          .isEqualTo("unauthenticated");
      client.awaitClosed();
    }
    try (Client client = new Client(service.ticket())) {
      client.send("{\"op\":\"" + "x".repeat(5000) + "\"}");
      client.awaitClosed();
    }
  }

  private static void refused(String ticket, @Nullable String origin, int status) {
    assertThatThrownBy(() -> new Client(ticket, origin))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(status));
  }

  /** A client as scripts write them. */
  private static final class Client implements WebSocket.Listener, AutoCloseable {
    private static final JsonNode CLOSED = HelmJson.mapper().createObjectNode().put("op", "closed");

    private final LinkedBlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
    private final StringBuilder partial = new StringBuilder();
    private final WebSocket socket;

    Client(String ticket) {
      this(ticket, null);
    }

    Client(String ticket, @Nullable String origin) {
      WebSocket.Builder builder = service.http().newWebSocketBuilder();
      if (origin != null) {
        builder.header("Origin", origin);
      }
      socket =
          builder
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + service.port + "/api/stream?ticket=" + ticket),
                  this)
              .join();
    }

    void send(String text) {
      socket.sendText(text, true).join();
    }

    JsonNode next(Predicate<JsonNode> wanted) {
      try {
        while (true) {
          JsonNode frame = frames.poll(20, TimeUnit.SECONDS);
          assertThat(frame).as("a frame in time").isNotNull();
          if (wanted.test(frame)) {
            return frame;
          }
          assertThat(frame).isNotEqualTo(CLOSED);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    void awaitClosed() {
      next(frame -> frame.equals(CLOSED));
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        frames.add(HelmJson.read(partial.toString(), JsonNode.class));
        partial.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      frames.add(CLOSED);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      frames.add(CLOSED);
    }

    @Override
    public void close() {
      socket.abort();
    }
  }
}
