package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.event.RunEvent;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
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
    try (SocketClient client = new SocketClient(service, service.ticket())) {
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
    try (SocketClient client = new SocketClient(service, service.ticket())) {
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
    new SocketClient(service, ticket).close();
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
    refused(service.ticket(), "http://evil.example:" + service.port, 403);
    try (SocketClient client =
        new SocketClient(service, service.ticket(), "http://127.0.0.1:" + service.port)) {
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
    try (SocketClient client = new SocketClient(service, ticket)) {
      service.send(
          service
              .request("/api/auth/logout")
              .header("Authorization", "Bearer " + token)
              .POST(java.net.http.HttpRequest.BodyPublishers.noBody()));
      assertThat(client.next(f -> f.path("op").asText().equals("error")).path("code").asText())
          .isEqualTo("unauthenticated");
      client.awaitClosed();
    }
    try (SocketClient client = new SocketClient(service, service.ticket())) {
      client.send("{\"op\":\"" + "x".repeat(5000) + "\"}");
      client.awaitClosed();
    }
  }

  private static void refused(String ticket, @Nullable String origin, int status) {
    assertThatThrownBy(() -> new SocketClient(service, ticket, origin))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(status));
  }
}
