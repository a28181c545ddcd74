package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.practice.PracticeModel;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.Settings;
import dev.helm.service.ledger.Budgets;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.LedgerSums;
import dev.helm.service.ledger.Scope;
import dev.helm.service.rest.Backend;
import dev.helm.service.spend.ProxyProcess;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run under a project's cap, with the real Temporal server, worker, ledger, key proxy and the
 * practice model: it pauses, says which cap, and goes on by itself when the cap is wider.
 */
@Tag("engine")
class MoneyWaitTest {
  private static final int TURNS = 6;

  @Test
  @Timeout(value = 4, unit = TimeUnit.MINUTES)
  void aRunWaitsForItsProjectsCapAndGoesOnByItself(@TempDir Path home) throws Exception {
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Path secret = Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    Path scenarios = Path.of("src/test/resources/longrun");
    try (PracticeModel model = PracticeModel.start(0, List.of(scenarios), false);
        ProxyProcess proxy =
            new ProxyProcess(
                "http://127.0.0.1:" + model.port(),
                home.resolve("run").resolve("ledger.sock"),
                secret);
        TemporalServer temporal = TemporalServer.start(home);
        Store store = Store.open(home, Clock.systemUTC());
        StreamHub hub = new StreamHub(store)) {
      Settings settings = LongRun.settings(home, temporal, proxy.port());
      Budgets budgets = new Budgets(store, new Days(ZoneOffset.UTC));
      try (Backend backend = LiveBackend.open(settings, store, hub)) {
        backend.start();
        proxy.start();
        cap(budgets, "0.01");
        String run = LongRun.create(store, TURNS);
        await("Temporal", () -> starts(backend, run));
        await("the pause", () -> waitsForBudget(store, run));
        LoggedEvent exhausted = events(store, run, "budget.exhausted").getFirst();
        assertThat(exhausted.data())
            .containsEntry("scope", "project:default")
            .containsEntry("period", "day")
            .containsEntry("capUsd", "0.010000");
        cap(budgets, "5");
        await("the end", () -> !LongRun.status(store, run).active());
        assertThat(LongRun.status(store, run)).isEqualTo(RunStatus.FAILED); // its turns are over
        assertThat(events(store, run, "run.resumed")).isNotEmpty();
        assertThat(events(store, run, "model.message")).hasSize(TURNS);
        LedgerSums.check(store);
      }
    }
  }

  private static void cap(Budgets budgets, String day) {
    budgets.set(
        Scope.parse("project:default"), new MoneyBodies.SetCaps(Usd.parse(day), null, null), "ann");
  }

  private static boolean starts(Backend backend, String run) {
    try {
      backend.control().start(run);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private static boolean waitsForBudget(Store store, String run) {
    var now = store.queries().run(Access.system(), run);
    return now != null && "budget".equals(now.waitingFor());
  }

  private static List<LoggedEvent> events(Store store, String run, String type) {
    return store.queries().events(Access.system(), run, 0, 1_000, Set.of(type)).items();
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }
}
