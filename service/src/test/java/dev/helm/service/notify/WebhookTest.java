package dev.helm.service.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.helm.api.blueprint.Overlap;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.FireStore;
import dev.helm.service.store.Hmac;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.service.store.Times;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real receiver on loopback: what it is told, what the log says, and what a bad one can do. */
@Timeout(90)
class WebhookTest {
  @TempDir private Path home;
  private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
  private final AtomicInteger status = new AtomicInteger(204);
  private HttpServer server;
  private Store store;
  private Hmac key;
  private @Nullable Webhook webhook;

  private record Heard(String path, String body, String at, String signature) {}

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          heard.add(
              new Heard(
                  exchange.getRequestURI().getPath(),
                  body,
                  exchange.getRequestHeaders().getFirst("Helm-Timestamp"),
                  exchange.getRequestHeaders().getFirst("Helm-Signature")));
          exchange.getResponseHeaders().add("Location", "/elsewhere");
          exchange.sendResponseHeaders(status.get(), -1);
          exchange.close();
        });
    server.start();
    store = Store.open(home, Clock.systemUTC());
    key = Hmac.ofFile(home.resolve("keys").resolve("webhook.key"));
  }

  @AfterEach
  void stop() {
    if (webhook != null) {
      webhook.close();
    }
    store.close();
    server.stop(0);
  }

  private String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/hook/secret";
  }

  private String listenAndStall() {
    Webhook listening =
        new Webhook(WebhookAddress.of(address()), key, store.log(), Clock.systemUTC());
    webhook = listening;
    store.onCommit(listening);
    String run = StoreFixture.run(store);
    log(run, "stalled/1", new RunEvent.RunStalled("2026-03-02T14:02:13.000Z", 600_000, "quiet"));
    return run;
  }

  private void log(String run, String key, RunEvent event) {
    store.log().append(run, List.of(new Fact(key, "main", event)));
  }

  @Test
  void aFireThatCameToNothingIsToldOnceAndOutlivesARestart() throws Exception {
    store
        .schedules()
        .put(
            new ScheduleStore.Definition(
                "weekly",
                "default",
                "demo",
                "0 8 * * 1",
                "UTC",
                Overlap.SKIP,
                60_000,
                Map.of(),
                null,
                null,
                false,
                "u1",
                "ann"),
            false);
    String at = Times.text(Clock.systemUTC().instant().plusSeconds(60));
    FireStore.Due due = new FireStore.Due("weekly", at, at, FireStore.SCHEDULE, 2, null, null);
    store.fires().end(due, FireStore.MISSED, "Helm was away: secret words");
    Webhook listening =
        new Webhook(WebhookAddress.of(address()), key, store.log(), Clock.systemUTC());
    webhook = listening;
    ScheduleNotices notices = new ScheduleNotices(store.fires(), listening);
    notices.look();
    notices.look();
    Heard told = heard.poll(60, TimeUnit.SECONDS);
    assertThat(told).isNotNull();
    JsonNode body = HelmJson.read(told.body(), JsonNode.class);
    assertThat(body.path("type").asText()).isEqualTo("schedule.missed");
    assertThat(body.path("schedule").asText()).isEqualTo("weekly");
    assertThat(body.path("missed").asInt()).isEqualTo(2);
    assertThat(told.body()).doesNotContain("secret words");
    assertThat(told.signature()).isEqualTo("v1=" + key.of(told.at() + "." + told.body()));
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!store.fires().untold(10).isEmpty() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    new ScheduleNotices(store.fires(), listening).look();
    assertThat(store.fires().untold(10)).isEmpty();
    assertThat(heard).isEmpty();
  }

  private RunEvent.NotificationSent recorded(String run) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < deadline) {
      for (var event :
          store
              .queries()
              .events(
                  dev.helm.service.store.Access.system(),
                  run,
                  0,
                  100,
                  java.util.Set.of("notification.sent"))
              .items()) {
        return (RunEvent.NotificationSent) HelmJson.event(event.type(), event.data());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    throw new AssertionError("nothing was recorded");
  }

  @Test
  void itIsToldSignedAndTheLogSaysSo() throws Exception {
    String run = listenAndStall();
    Heard told = heard.poll(30, TimeUnit.SECONDS);
    JsonNode body = HelmJson.read(told.body(), JsonNode.class);
    assertThat(body.path("type").asText()).isEqualTo("run.stalled");
    assertThat(body.path("run").asText()).isEqualTo(run);
    assertThat(told.signature()).isEqualTo("v1=" + key.of(told.at() + "." + told.body()));
    RunEvent.NotificationSent sent = recorded(run);
    assertThat(sent.outcome()).isEqualTo("sent");
    assertThat(sent.to()).isEqualTo("127.0.0.1:" + server.getAddress().getPort());
    // A run that waits is told of without what it wants to do.
    log(
        run,
        "ask",
        new RunEvent.PermissionRequested(
            "p1",
            "t1",
            "SendEmail",
            Content.text("{\"to\":\"hidden@example.com\"}"),
            "0".repeat(64),
            "hidden@example.com",
            "hidden words",
            null,
            "2026-03-02T14:32:13.000Z",
            1));
    assertThat(heard.poll(30, TimeUnit.SECONDS).body())
        .contains("permission.requested", "\"permissionId\":\"p1\"", "\"tool\":\"SendEmail\"")
        .doesNotContain("hidden");
    assertThat(store.queries().quiet()).isEmpty();
    // Whom it is for now, and in the inbox since when.
    for (String stage : List.of("escalated", "half")) {
      log(
          run,
          "reminded-" + stage,
          new RunEvent.PermissionReminded(
              "p1", "t1", stage, List.of("owner"), "2026-03-02T14:32:13.000Z"));
      assertThat(heard.poll(30, TimeUnit.SECONDS).body())
          .contains("permission.reminded", "\"stage\":\"" + stage + "\"", "\"to\":[\"owner\"]");
    }
    assertThat(
            store
                .inbox()
                .list(dev.helm.service.store.Access.system(), 10, null)
                .items()
                .getFirst()
                .asked())
        .satisfies(
            asked -> {
              assertThat(asked.stage()).isEqualTo("escalated");
              assertThat(asked.escalatedTo()).containsExactly("owner");
              assertThat(asked.escalatedAt()).isNotNull();
            });
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 500})
  void aRedirectIsNotFollowedAndAFailureIsRecorded(int answer) throws Exception {
    status.set(answer);
    String run = listenAndStall();
    RunEvent.NotificationSent sent = recorded(run);
    assertThat(sent.outcome()).isEqualTo("failed");
    assertThat(sent.reason()).isEqualTo("it answered " + answer);
    assertThat(heard).hasSize(3).allMatch(told -> told.path().equals("/hook/secret"));
  }

  @Test
  void aReceiverThatIsAwayFailsWithoutItsAddressInTheLog() throws Exception {
    server.stop(0);
    RunEvent.NotificationSent sent = recorded(listenAndStall());
    assertThat(sent.reason()).startsWith("it could not be reached").doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://hooks.example.com/x",
        "https://me:pw@hooks.example.com/x",
        "https://hooks.example.com/x#y",
        "ftp://hooks.example.com/",
        "https:///x",
        "hooks.example.com",
        "https://hooks example.com/topsecret"
      })
  void anAddressThatIsNoneIsRefusedWithoutBeingShown(String text) {
    assertThatThrownBy(() -> WebhookAddress.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("notify.webhook")
        .hasMessageNotContaining("topsecret");
  }

  @Test
  void onlyItsHostIsEverShown() {
    assertThat(WebhookAddress.of("https://hooks.example.com:8443/T0/secret?x=1"))
        .hasToString("hooks.example.com:8443");
  }
}
