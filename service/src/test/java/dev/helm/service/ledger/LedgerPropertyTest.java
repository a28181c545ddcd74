package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random prices, caps over every scope and period, calls of parallel sub-agents, cuts, lost
 * answers, truths that come late, proxy lives, restarts of the service, midnights: spend plus held
 * never passes a cap by a micro-dollar, and all sums agree with their rows and events.
 */
class LedgerPropertyTest {
  private static final int AGENTS = 8;
  private static final String[] PROJECTS = {"default", "infra-ops", "market-intel"};

  @TempDir Path folder;
  private final CapsTest.MovedClock clock =
      new CapsTest.MovedClock(Instant.parse("2026-10-30T20:00:00Z"));
  private final Days days = new Days(ZoneId.of("America/New_York"));
  private final List<String> runs = new ArrayList<>();

  /** Charged in full, with what they really used. */
  private final ConcurrentLinkedQueue<Map.Entry<String, TokenUsage>> late =
      new ConcurrentLinkedQueue<>();

  @Test
  void neverOverAnyCap() throws Exception {
    play(System.nanoTime(), 4, 40);
  }

  @Test
  @Tag("campaign")
  void neverOverAnyCapForLong() throws Exception {
    for (int game = 0; game < 4; game++) {
      play(System.nanoTime(), 6, 100);
    }
  }

  private void play(long seed, int lives, int calls) throws Exception {
    System.out.println("ledger property seed " + seed);
    Random random = new Random(seed);
    Path home = Files.createDirectory(folder.resolve("game-" + seed));
    PriceTable prices = PriceTable.of(Map.of("m", price(random)));
    runs.clear();
    late.clear();
    int granted = 0;
    String boot = "";
    for (int life = 0; life < lives; life++) {
      try (Store store = Store.open(home, clock);
          ExecutorService pool = Executors.newFixedThreadPool(AGENTS)) {
        Ledger ledger = new Ledger(store, prices, days);
        // Sometimes only the service was restarted, and the proxy lives on.
        boot = boot.isEmpty() || random.nextInt(3) > 0 ? RunId.random().value() : boot;
        ledger.hello(boot).join();
        capsOf(store, random);
        for (int i = 0; i < 2; i++) {
          runs.add(newRun(store, random));
        }
        List<Future<Integer>> agents = new ArrayList<>();
        for (int agent = 0; agent < AGENTS; agent++) {
          Agent one = new Agent(store, ledger, boot, new Random(random.nextLong()), calls);
          agents.add(pool.submit(one::work));
        }
        for (Future<Integer> agent : agents) {
          granted += agent.get();
        }
        LedgerSums.check(store);
      }
    }
    try (Store store = Store.open(home, clock)) {
      new Ledger(store, prices, days).hello(RunId.random().value()).join();
      LedgerSums.check(store);
      assertThat(heldAnywhere(store)).as("held after the last proxy's end").isZero();
    }
    System.out.println("calls let through: " + granted + " of " + lives * AGENTS * calls);
    assertThat(granted).as("calls that were let through").isPositive();
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

  private static String newRun(Store store, Random random) {
    String project = PROJECTS[random.nextInt(PROJECTS.length)];
    Blueprint.Budget budget =
        new Blueprint.Budget(
            new Usd(1 + random.nextLong(30_000_000)), null, null, new Usd(60_000_000), List.of(50));
    return StoreFixture.run(
        store, StoreFixture.withBudget(StoreFixture.blueprint("of-" + project, project), budget));
  }

  /** Caps that are set once and then only raised, so that no past period may be over its own. */
  private void capsOf(Store store, Random random) {
    Budgets budgets = new Budgets(store, days);
    List<String> scopes = new ArrayList<>(List.of("installation", "account:owner"));
    for (String project : PROJECTS) {
      scopes.add("project:" + project);
      scopes.add("blueprint:of-" + project);
    }
    for (String scope : scopes) {
      budgets.set(
          Scope.parse(scope),
          new MoneyBodies.SetCaps(
              more(store, scope, Period.DAY, random, 30_000_000),
              more(store, scope, Period.MONTH, random, 90_000_000),
              more(store, scope, Period.TOTAL, random, 200_000_000)),
          "owner");
    }
  }

  private static @Nullable Usd more(
      Store store, String scope, Period period, Random random, long most) {
    long before =
        store.read(
            sql ->
                sql.number(
                    "SELECT cap_micros FROM caps WHERE scope = ? AND period = ?",
                    0,
                    scope,
                    period.word()));
    // Where the blueprint says it itself, its own cap holds.
    boolean own = scope.startsWith("blueprint") && period == Period.TOTAL;
    boolean first = store.read(sql -> sql.number("SELECT count(*) FROM spend", 0)) == 0;
    boolean none = own || (before == 0 && (!first || random.nextBoolean()));
    return none ? null : new Usd(before + 1 + random.nextLong(most));
  }

  /** One sub-agent: it calls on behalf of any run, one call after the other. */
  private final class Agent {
    private final Store store;
    private final Ledger ledger;
    private final String boot;
    private final Random random;
    private final int calls;

    Agent(Store store, Ledger ledger, String boot, Random random, int calls) {
      this.store = store;
      this.ledger = ledger;
      this.boot = boot;
      this.random = random;
      this.calls = calls;
    }

    int work() {
      int granted = 0;
      for (int i = 0; i < calls; i++) {
        granted += call(runs.get(random.nextInt(runs.size()))) ? 1 : 0;
        if (random.nextInt(40) == 0) {
          clock.forward(Duration.ofHours(random.nextInt(12)));
        }
        noCapIsPassed();
      }
      return granted;
    }

    private boolean call(String run) {
      String id = RunId.random().value();
      long bytes = 1 + random.nextInt(4_000);
      String sha = "%064x".formatted(random.nextInt(20));
      Reserve call =
          new Reserve(
              id,
              store.runs().modelToken(run, 1).reveal(),
              "e1/agent-" + random.nextInt(3) + "/t1.0/a1",
              "m",
              1 + random.nextInt(2_000),
              bytes,
              0,
              List.of(new Reserve.Prefix(sha, bytes)));
      if (random.nextInt(20) == 0) {
        // The answer is lost: the proxy voids, and the reserve may come after that.
        boolean voidFirst = random.nextBoolean();
        if (voidFirst) {
          ledger.release(boot, id).join();
        }
        boolean opened = ledger.reserve(boot, call).join() instanceof Reserve.Answer.Granted;
        assertThat(opened && voidFirst).as("a voided id opens nothing").isFalse();
        ledger.release(boot, id).join();
        return false;
      }
      if (ledger.reserve(boot, call).join() instanceof Reserve.Answer.Granted) {
        noCapIsPassed();
        end(call);
        return true;
      }
      return false;
    }

    private void end(Reserve call) {
      String id = call.id();
      switch (random.nextInt(6)) {
        case 0 -> {
          ledger.charge(id, "cut").join();
          late.add(Map.entry(id, usage(call)));
        }
        case 1 -> ledger.release(boot, id).join();
        case 2 -> {
          // The proxy is killed: its next life pays, and what it knew may come late.
          late.add(Map.entry(id, usage(call)));
        }
        case 3 -> {
          Map.Entry<String, TokenUsage> truth = late.poll();
          if (truth != null) {
            ledger.settle(truth.getKey(), truth.getValue(), "late").join();
            ledger.settle(truth.getKey(), TokenUsage.NONE, "later").join();
          }
          ledger.settle(id, usage(call), null).join();
        }
        default -> {
          TokenUsage usage = usage(call);
          ledger.settle(id, usage, null).join();
          ledger.settle(id, usage, null).join();
          ledger.charge(id, "cut").join();
        }
      }
    }

    /** At most a token a byte; the same beginning always has the same count. */
    private TokenUsage usage(Reserve call) {
      long input = Long.parseLong(call.prefixes().getFirst().sha256(), 16) % call.bodyBytes();
      long written = random.nextLong(input + 1);
      return new TokenUsage(
          input - written,
          random.nextLong(call.maxTokens() + 1),
          0,
          written,
          written == 0 ? 0 : random.nextLong(written));
    }

    /** One read, so that all figures are of one moment. */
    private void noCapIsPassed() {
      List<String> passed =
          store.read(
              sql ->
                  sql.list(
                      "SELECT 'run ' || id FROM runs WHERE spent_micros + held_micros > cap_micros"
                          + " UNION ALL SELECT c.scope || ' ' || s.period || ' ' || s.start"
                          + " FROM caps c JOIN spend s ON s.scope = c.scope AND s.period = c.period"
                          + " WHERE s.spent_micros + s.held_micros > c.cap_micros"
                          + " UNION ALL SELECT scope FROM spend WHERE scope LIKE 'blueprint:%'"
                          + " AND period = 'total' AND spent_micros + held_micros > 60000000"
                          + " UNION ALL SELECT scope FROM spend"
                          + " WHERE spent_micros < 0 OR held_micros < 0",
                      row -> row.getString(1)));
      assertThat(passed).as("caps that were passed").isEmpty();
    }
  }

  private static long heldAnywhere(Store store) {
    return store.read(
        sql ->
            sql.number(
                "SELECT (SELECT coalesce(sum(held_micros), 0) FROM runs)"
                    + " + (SELECT coalesce(sum(abs(held_micros)), 0) FROM spend)",
                -1));
  }
}
