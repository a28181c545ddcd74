package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.ledger.Budgets;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.ledger.Reserve;
import dev.helm.service.ledger.Scope;
import dev.helm.service.ledger.TokenUsage;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reservations and their settlements through the real ledger, under the run's cap alone and under
 * six caps, beside the least that SQLite can do for two durable steps: two transactions with an
 * INSERT and an UPDATE each.
 */
final class LedgerBench {
  private static final int CALLERS = 64;
  private static final TokenUsage USAGE = new TokenUsage(100, 50, 0, 20, 0);

  private LedgerBench() {}

  /** Arguments: seconds of each measurement, rounds. */
  public static void main(String[] args) throws Exception {
    int seconds = Integer.parseInt(args[0]);
    int rounds = Integer.parseInt(args[1]);
    Path folder = Files.createTempDirectory(Path.of("").toAbsolutePath(), "ledger-bench");
    try (Store store = Store.open(folder, Clock.systemUTC());
        Connection raw = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("raw.db"))) {
      prepare(raw);
      Budgets budgets = new Budgets(store, new Days(ZoneOffset.UTC));
      Ledger ledger = new Ledger(store, PriceTable.load(folder));
      String boot = RunId.random().value();
      ledger.hello(boot).join();
      String run = StoreFixture.run(store, 1_000_000_000_000L);
      String token = store.runs().modelToken(run, 1).reveal();
      List<Map<String, Object>> all = new ArrayList<>();
      Pair pair = new Pair(ledger, boot, token);
      perSecond(1, 1, pair::once); // warm
      for (int i = 0; i < rounds; i++) {
        caps(budgets, null);
        double one = perSecond(1, seconds, pair::once);
        double oneMany = perSecond(CALLERS, seconds, pair::once);
        caps(budgets, new Usd(90_000_000_000_000L));
        double six = perSecond(1, seconds, pair::once);
        double sixMany = perSecond(CALLERS, seconds, pair::once);
        double floor = perSecond(1, seconds, () -> twoTransactions(raw));
        all.add(
            Map.of(
                "oneCap",
                one,
                "oneCapMany",
                oneMany,
                "sixCaps",
                six,
                "sixCapsMany",
                sixMany,
                "raw",
                floor));
      }
      System.out.println(new ObjectMapper().writeValueAsString(Map.of("rounds", all)));
    } finally {
      Folders.delete(folder);
    }
  }

  private static void caps(Budgets budgets, @Nullable Usd cap) {
    budgets.set(Scope.parse("blueprint:demo"), new MoneyBodies.SetCaps(cap, null, null), "b");
    budgets.set(Scope.parse("project:default"), new MoneyBodies.SetCaps(cap, cap, null), "b");
    budgets.set(Scope.parse("account:owner"), new MoneyBodies.SetCaps(cap, null, null), "b");
    budgets.set(Scope.parse("installation"), new MoneyBodies.SetCaps(null, cap, null), "b");
  }

  private record Pair(Ledger ledger, String boot, String token) {
    void once() {
      String id = RunId.random().value();
      Reserve call =
          new Reserve(
              id, token, "e1/main/t1.0/a1", "claude-sonnet-4-5", 1_000, 5_000, 0, List.of());
      if (!(ledger.reserve(boot, call).join() instanceof Reserve.Answer.Granted)) {
        throw new IllegalStateException("refused");
      }
      ledger.settle(id, USAGE, "msg_1").join();
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static double perSecond(int callers, int seconds, Work work) throws Exception {
    LongAdder done = new LongAdder();
    long from = System.nanoTime();
    long until = from + TimeUnit.SECONDS.toNanos(seconds);
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        all.add(
            pool.submit(
                () -> {
                  while (System.nanoTime() < until) {
                    work.run();
                    done.increment();
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    return done.sum() * 1e9 / (System.nanoTime() - from);
  }

  private static void prepare(Connection raw) throws SQLException {
    try (Statement statement = raw.createStatement()) {
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute("CREATE TABLE holds (id TEXT PRIMARY KEY, micros INTEGER, state TEXT)");
      statement.execute("CREATE TABLE sums (run TEXT PRIMARY KEY, held INTEGER)");
      statement.execute("INSERT INTO sums VALUES ('r', 0)");
    }
    raw.setAutoCommit(false);
  }

  private static void twoTransactions(Connection raw) throws SQLException {
    String id = RunId.random().value();
    for (String step : List.of(id, id + "-end")) {
      try (PreparedStatement insert =
              raw.prepareStatement("INSERT INTO holds VALUES (?, 5, 'open')");
          PreparedStatement update =
              raw.prepareStatement("UPDATE sums SET held = held + 5 WHERE run = 'r'")) {
        insert.setString(1, step);
        insert.executeUpdate();
        update.executeUpdate();
      }
      raw.commit();
    }
  }
}
