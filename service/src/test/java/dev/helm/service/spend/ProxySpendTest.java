package dev.helm.service.spend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Secret;
import dev.helm.api.Usd;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.ledger.Budgets;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.LedgerSocket;
import dev.helm.service.ledger.LedgerSums;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.ledger.Scope;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many callers of few runs through the real key proxy to a model that cuts streams, while the proxy
 * is killed: the model's own bill never passes a cap, and is never more than what was booked.
 */
@Tag("engine")
class ProxySpendTest {
  private static final int CALLERS = 24;
  private static final long PROJECT_DAY = 1_000_000;
  private static final String SECRET = "5".repeat(64);

  @TempDir Path home;
  private Path door;
  private Store store;
  private Budgets budgets;
  private LedgerSocket socket;
  private final AtomicInteger refused = new AtomicInteger();

  @BeforeEach
  void open() throws IOException {
    Files.writeString(
        home.resolve("prices.yml"),
        "date: 2026-01-01\nmodels:\n  m: {input: 2, output: 2, cacheWrite5m: 2, cacheWrite1h: 2,"
            + " cacheRead: 2}\n");
    // A socket's path has a fixed room.
    door = Files.createTempDirectory("hl");
    store = Store.open(home, Clock.systemUTC());
    budgets = new Budgets(store, new Days(ZoneOffset.UTC));
    socket =
        LedgerSocket.start(
            door.resolve("l.sock"),
            Secret.of(SECRET),
            new Ledger(store, PriceTable.load(home), new Days(ZoneOffset.UTC)));
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
    store.close();
    Files.delete(door);
  }

  @Test
  void noCapIsPassed() throws Exception {
    play(System.nanoTime(), 2, 20, 1);
  }

  @Test
  @Tag("campaign")
  void noCapIsPassedForLong() throws Exception {
    play(System.nanoTime(), 20, 60, 4);
  }

  private void play(long seed, int kills, int calls, int purse) throws Exception {
    System.out.println("proxy spend seed " + seed);
    Random random = new Random(seed);
    Path secret = Files.writeString(home.resolve("secret"), SECRET);
    budgets.set(
        Scope.parse("project:default"),
        new MoneyBodies.SetCaps(new Usd(purse * PROJECT_DAY), null, null),
        "ann");
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      runs.add(StoreFixture.run(store, purse * (200_000 + random.nextInt(400_000))));
    }
    try (CuttingUpstream upstream = new CuttingUpstream(random.nextLong());
        ProxyProcess proxy = new ProxyProcess(upstream.uri(), door.resolve("l.sock"), secret);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      proxy.start();
      for (int life = 0; life <= kills; life++) {
        List<Future<?>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
          Random own = new Random(random.nextLong());
          callers.add(pool.submit(() -> calls(proxy.port(), runs, own, calls)));
        }
        if (life < kills) {
          awaitSeen(upstream, upstream.seen.get() + 10 + random.nextInt(40), callers);
          proxy.kill();
        }
        for (Future<?> caller : callers) {
          caller.get();
        }
        proxy.kill();
        proxy.start(); // its hello charges what the killed one left open
        check(upstream, runs, purse * PROJECT_DAY);
      }
      System.out.println(
          "the model saw "
              + upstream.seen
              + " calls, cut "
              + upstream.cut
              + "; refused "
              + refused);
      assertThat(upstream.cut.get()).as("cut streams").isPositive();
      assertThat(refused.get()).as("calls that met a cap").isPositive();
    }
  }

  private static void awaitSeen(CuttingUpstream upstream, long count, List<Future<?>> callers)
      throws InterruptedException {
    while (upstream.seen.get() < count && !callers.stream().allMatch(Future::isDone)) {
      Thread.onSpinWait();
      Thread.yield();
    }
  }

  private void check(CuttingUpstream upstream, List<String> runs, long projectDay) {
    LedgerSums.check(store);
    long all = 0;
    for (String run : runs) {
      var money = store.runs().money(run);
      long bill = upstream.bills.getOrDefault(run, new AtomicLong()).get();
      assertThat(money.heldUsd()).as("held of " + run).isEqualTo(Usd.ZERO);
      assertThat(bill)
          .as("the model's own bill of " + run)
          .isLessThanOrEqualTo(money.spentUsd().micros());
      assertThat(money.spentUsd()).isLessThanOrEqualTo(money.capUsd());
      all += money.spentUsd().micros();
    }
    assertThat(all).as("the project's day").isLessThanOrEqualTo(projectDay);
  }

  private void calls(int port, List<String> runs, Random random, int calls) {
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build()) {
      for (int i = 0; i < calls; i++) {
        call(client, port, runs.get(random.nextInt(runs.size())), random);
      }
    }
  }

  private void call(HttpClient client, int port, String run, Random random) {
    String body =
        "{\"model\":\"m\",\"stream\":true,\"max_tokens\":"
            + (1 + random.nextInt(3_000))
            + ",\"messages\":[{\"role\":\"user\",\"content\":\""
            + run
            + " "
            + "x".repeat(random.nextInt(2_000))
            + "\"}]}";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/messages"))
            .timeout(Duration.ofSeconds(60))
            .header("content-type", "application/json")
            .header("anthropic-version", "2023-06-01")
            .header("x-api-key", store.runs().modelToken(run, 1).reveal())
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<InputStream> answer =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      if (answer.statusCode() == 402) {
        refused.incrementAndGet();
        assertThat(answer.headers().firstValue("x-should-retry")).contains("false");
        assertThat(answer.headers().firstValue("x-helm-budget")).isPresent();
      }
      try (InputStream in = answer.body()) {
        // Some callers leave early: the call is then paid in full.
        in.readNBytes(random.nextInt(4) == 0 ? 100 : Integer.MAX_VALUE);
      }
    } catch (IOException e) {
      // Cut by the model, or the proxy was killed: that is what this test is about.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
