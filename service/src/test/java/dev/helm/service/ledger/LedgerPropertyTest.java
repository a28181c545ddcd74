package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.store.Runs;
import dev.helm.api.RunId;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random prices, calls, cuts, proxy lives and restarts: spend plus held never passes the cap. */
class LedgerPropertyTest {
  @TempDir Path home;

  @Test
  void neverOverTheCap() throws Exception {
    long seed = System.nanoTime();
    System.out.println("ledger property seed " + seed);
    play(new Random(seed), 3);
  }

  @Test
  @Tag("campaign")
  void neverOverTheCapForLong() throws Exception {
    long seed = System.nanoTime();
    System.out.println("ledger property seed " + seed);
    play(new Random(seed), 60);
  }

  private void play(Random random, int lives) throws Exception {
    PriceTable prices = PriceTable.of(Map.of("m", price(random)));
    List<String> runs = new ArrayList<>();
    for (int life = 0; life < lives; life++) {
      try (Store store = Store.open(home, Clock.systemUTC());
          ExecutorService pool = Executors.newFixedThreadPool(8)) {
        Ledger ledger = new Ledger(store, prices);
        String boot = RunId.random().value();
        ledger.hello(boot).join();
        runs.add(StoreFixture.run(store, 1 + random.nextLong(3_000_000)));
        List<Future<?>> clients = new ArrayList<>();
        for (int client = 0; client < 8; client++) {
          long seed = random.nextLong();
          clients.add(pool.submit(() -> client(store, ledger, boot, runs, new Random(seed))));
        }
        for (Future<?> client : clients) {
          client.get();
        }
      }
      checkSums();
    }
  }

  private static Price price(Random random) {
    return new Price(rates(random), random.nextBoolean() ? rates(random) : null, 2_000);
  }

  private static Price.Rates rates(Random random) {
    return new Price.Rates(
        random.nextLong(100_000_000),
        random.nextLong(100_000_000),
        random.nextLong(100_000_000),
        random.nextLong(100_000_000),
        random.nextLong(100_000_000));
  }

  private static void client(
      Store store, Ledger ledger, String boot, List<String> runs, Random random) {
    for (int i = 0; i < 40; i++) {
      String run = runs.get(random.nextInt(runs.size()));
      String id = RunId.random().value();
      long bytes = 1 + random.nextInt(4_000);
      String sha = "%064x".formatted(random.nextInt(20));
      Reserve call =
          new Reserve(
              id,
              store.runs().modelToken(run, 1).reveal(),
              null,
              "m",
              1 + random.nextInt(2_000),
              bytes,
              0,
              List.of(new Reserve.Prefix(sha, bytes)));
      if (ledger.reserve(boot, call).join() instanceof Reserve.Answer.Granted) {
        end(ledger, boot, call, random);
      }
      Runs.Money money = store.runs().money(run);
      assertThat(money.spentUsd().plus(money.heldUsd())).isLessThanOrEqualTo(money.capUsd());
    }
  }

  private static void end(Ledger ledger, String boot, Reserve call, Random random) {
    String id = call.id();
    switch (random.nextInt(5)) {
      case 0 -> ledger.charge(id, "cut").join();
      case 1 -> ledger.release(boot, id).join();
      case 2 -> {
        // Left open: the next life of the proxy pays.
      }
      default -> {
        // At most a token a byte; the same beginning always has the same count.
        long input = Long.parseLong(call.prefixes().getFirst().sha256(), 16) % call.bodyBytes();
        long written = random.nextLong(input + 1);
        TokenUsage usage =
            new TokenUsage(
                input - written,
                random.nextLong(call.maxTokens() + 1),
                0,
                written,
                written == 0 ? 0 : random.nextLong(written));
        ledger.settle(id, usage, null).join();
        ledger.settle(id, usage, null).join();
      }
    }
  }

  /** What the rows say one by one is what the runs' columns say. */
  private void checkSums() throws Exception {
    try (Connection raw = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        Statement statement = raw.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT count(*) FROM runs r WHERE spent_micros + held_micros > cap_micros"
                    + " OR spent_micros <> coalesce((SELECT sum(amount_micros) FROM charges c"
                    + " WHERE c.run = r.id), 0)"
                    + " OR held_micros <> coalesce((SELECT sum(held_micros) FROM reservations v"
                    + " WHERE v.run = r.id AND v.state = 'open'), 0)")) {
      rows.next();
      assertThat(rows.getInt(1)).isZero();
    }
  }
}
