package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.decide.Shortage;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Caps over many runs: which one binds, when it begins anew, and what is told. */
class CapsTest {
  /** A dollar per million tokens of any kind: a token is a micro-dollar. */
  private static final PriceTable PRICES =
      PriceTable.of(Map.of("m", new Price(Price.Rates.of("1", "1", "1", "1", "1"), null, 0)));

  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  @TempDir Path home;
  private final MovedClock clock = new MovedClock(Instant.parse("2026-11-23T22:30:00Z"));
  private Store store;
  private Ledger ledger;
  private Budgets budgets;
  private final String boot = id();

  /** A clock that tests move. */
  static final class MovedClock extends Clock {
    private volatile Instant now;

    MovedClock(Instant now) {
      this.now = now;
    }

    void forward(Duration by) {
      now = now.plus(by);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  @BeforeEach
  void open() {
    store = Store.open(home, clock);
    Days days = new Days(BERLIN);
    ledger = new Ledger(store, PRICES, days);
    budgets = new Budgets(store, days);
    ledger.hello(boot).join();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static String id() {
    return RunId.random().value();
  }

  private Reserve.Answer reserve(String run, String id, long micros) {
    // The hidden prompt's margin counts as input.
    long output = micros - Ledger.HIDDEN_PROMPT_TOKENS - 1;
    String token = store.runs().modelToken(run, 1).reveal();
    return ledger
        .reserve(boot, new Reserve(id, token, "e1/main/t1.0/a1", "m", output, 1, 0, List.of()))
        .join();
  }

  private void spend(String run, long micros) {
    String id = id();
    assertThat(reserve(run, id, Math.max(micros, 2_000)))
        .isInstanceOf(Reserve.Answer.Granted.class);
    ledger.settle(id, new TokenUsage(0, micros, 0, 0, 0), null).join();
  }

  private Shortage refused(String run, long micros) {
    Reserve.Answer answer = reserve(run, id(), micros);
    assertThat(answer).isInstanceOf(Reserve.Answer.Refused.class);
    Reserve.Answer.Refused refused = (Reserve.Answer.Refused) answer;
    assertThat(refused.status()).isEqualTo(402);
    Shortage shortage = Objects.requireNonNull(refused.shortage());
    assertThat(Shortage.parse(shortage.text())).isEqualTo(shortage);
    return shortage;
  }

  private void cap(String scope, @Nullable Long day, @Nullable Long month, @Nullable Long total) {
    budgets.set(
        Scope.parse(scope), new MoneyBodies.SetCaps(usd(day), usd(month), usd(total)), "ann");
  }

  private static @Nullable Usd usd(@Nullable Long micros) {
    return micros == null ? null : new Usd(micros);
  }

  private List<LoggedEvent> events(String run, String type) {
    return store.queries().events(Access.system(), run, 0, 1000, Set.of(type)).items();
  }

  private MoneyBodies.Cap shown(String scope, String period) {
    return budgets.list(Access.system(), "nobody").stream()
        .filter(cap -> cap.scope().equals(scope) && cap.period().equals(period))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theTightestOfAllCapsBindsAndIsNamed() {
    String run = StoreFixture.run(store, 1_000_000);
    spend(run, 5_000);
    cap("installation", null, null, 60_000L);
    assertThat(refused(run, 55_001).scope()).isEqualTo("installation");
    cap("account:owner", null, 50_000L, null);
    assertThat(refused(run, 45_001).scope()).isEqualTo("account:owner");
    cap("project:default", 40_000L, null, null);
    assertThat(refused(run, 35_001).text())
        .startsWith("project:default/day spent=0.005000 cap=0.040000")
        .endsWith("whole=0.035001");
    cap("blueprint:demo", 30_000L, null, null);
    assertThat(refused(run, 25_001).scope()).isEqualTo("blueprint:demo");
    assertThat(reserve(run, id(), 25_000)).isInstanceOf(Reserve.Answer.Granted.class);
    // Another run of the same blueprint has the same purse, held money included.
    assertThat(refused(StoreFixture.run(store), 2_000).spentUsd()).isEqualTo(new Usd(5_000));
    // A run of another project and blueprint shares the account and the installation only.
    String other = StoreFixture.runIn(store, "market-intel");
    assertThat(refused(other, 20_001).scope()).isEqualTo("account:owner");
    assertThat(reserve(other, id(), 20_000)).isInstanceOf(Reserve.Answer.Granted.class);
    MoneyBodies.Cap shown = shown("account:owner", "month");
    assertThat(shown.spentUsd()).isEqualTo(new Usd(5_000));
    assertThat(shown.heldUsd()).isEqualTo(new Usd(45_000));
    assertThat(shown.leftUsd()).isEqualTo(Usd.ZERO);
  }

  @Test
  void daysAndMonthsAreTheOperatorsAndACallCountsWhereItBegan() {
    cap("installation", 10_000L, 18_000L, null);
    String run = StoreFixture.run(store, 1_000_000);
    String late = id();
    assertThat(reserve(run, late, 8_000)).isInstanceOf(Reserve.Answer.Granted.class);
    assertThat(refused(run, 2_001).period()).isEqualTo("day");
    MoneyBodies.Cap day = shown("installation", "day");
    // 23:30 in Berlin.
    assertThat(day.startsAt()).isEqualTo("2026-11-22T23:00:00.000Z");
    assertThat(day.resetsAt()).isEqualTo("2026-11-23T23:00:00.000Z");
    assertThat(shown("installation", "month").resetsAt()).isEqualTo("2026-11-30T23:00:00.000Z");
    clock.forward(Duration.ofHours(1));
    assertThat(shown("installation", "day").heldUsd()).isEqualTo(Usd.ZERO);
    assertThat(reserve(run, id(), 10_000)).isInstanceOf(Reserve.Answer.Granted.class);
    assertThat(shown("installation", "month").leftUsd()).isEqualTo(Usd.ZERO);
    // Settled today, and yesterday's: today's sum does not move.
    ledger.settle(late, new TokenUsage(0, 3_000, 0, 0, 0), null).join();
    assertThat(shown("installation", "day").spentUsd()).isEqualTo(Usd.ZERO);
    assertThat(shown("installation", "month").spentUsd()).isEqualTo(new Usd(3_000));
    assertThat(refused(run, 5_001).period()).isEqualTo("day");
    LocalDate yesterday = LocalDate.parse("2026-11-23");
    assertThat(
            new UsageReport(store, new Days(BERLIN))
                .rows(Access.system(), UsageReport.By.DAY, yesterday, yesterday, "", 10))
        .containsExactly(new MoneyBodies.UsageRow("2026-11-23", new Usd(3_000), 0, 3_000, 0, 0, 1));
  }

  @Test
  void theBlueprintsOwnCapsHoldUnlessAnOwnerSetsOthers() {
    Blueprint plain = StoreFixture.blueprint("capped");
    String run = StoreFixture.run(store, withDay(plain, 6_000));
    spend(run, 3_000);
    assertThat(refused(run, 3_001).scope()).isEqualTo("blueprint:capped");
    assertThat(shown("blueprint:capped", "day").source()).isEqualTo("blueprint");
    // A run keeps its version's cap; the sums are the blueprint's.
    String wider = StoreFixture.run(store, withDay(plain, 9_000));
    assertThat(refused(wider, 6_001).capUsd()).isEqualTo(new Usd(9_000));
    cap("blueprint:capped", 20_000L, null, null);
    assertThat(reserve(run, id(), 17_000)).isInstanceOf(Reserve.Answer.Granted.class);
    assertThat(shown("blueprint:capped", "day").by()).isEqualTo("ann");
    cap("blueprint:capped", null, null, null);
    assertThat(shown("blueprint:capped", "day").capUsd()).isEqualTo(new Usd(9_000));
    assertThat(refused(run, 2_000).capUsd()).isEqualTo(new Usd(6_000));
  }

  @Test
  void aCapThatANewVersionBringsAlsoHoldsRunsOfOlderOnes() {
    Blueprint plain = StoreFixture.blueprint("late");
    String run = StoreFixture.run(store, plain);
    spend(run, 3_000);
    StoreFixture.run(store, withDay(plain, 6_000));
    assertThat(shown("blueprint:late", "day").capUsd()).isEqualTo(new Usd(6_000));
    assertThat(refused(run, 3_001).scope()).isEqualTo("blueprint:late");
    assertThat(reserve(run, id(), 3_000)).isInstanceOf(Reserve.Answer.Granted.class);
  }

  private static Blueprint foreign(String name, long capMicros) {
    Blueprint b = StoreFixture.blueprint(name);
    return StoreFixture.withBudget(
        new Blueprint(
            b.name(),
            b.description(),
            b.project(),
            "claude-agent-sdk",
            b.model(),
            b.instructions(),
            b.task(),
            b.inputs(),
            b.tools(),
            b.permissions(),
            b.budget(),
            b.limits(),
            b.egress(),
            b.sandbox()),
        new Blueprint.Budget(new Usd(capMicros), List.of()));
  }

  /** The native loop tells it by itself; for a foreign agent, which only sees 402, the ledger. */
  @Test
  void aForeignAgentsEmptyPurseIsToldOnceAndNotForEachCall() {
    String run = StoreFixture.run(store, foreign("sdk", 1_000_000));
    String own = StoreFixture.run(store);
    cap("installation", 10_000L, 30_000L, null);
    spend(run, 3_000);
    for (int i = 0; i < 20; i++) {
      refused(run, 9_000 + i);
      refused(own, 9_000 + i);
    }
    assertThat(events(own, "budget.exhausted")).isEmpty();
    List<LoggedEvent> told = events(run, "budget.exhausted");
    assertThat(told).hasSize(1);
    assertThat(told.getFirst().data())
        .containsEntry("scope", "installation")
        .containsEntry("period", "day")
        .containsEntry("neededUsd", "0.009000");
    // A smaller call gets through; the dear one is still what it waits for.
    spend(run, 2_000);
    refused(run, 9_000);
    assertThat(events(run, "budget.exhausted")).hasSize(1);
    // Another amount of the cap is another state, and so is another day.
    cap("installation", 12_000L, 30_000L, null);
    refused(run, 9_000);
    refused(run, 9_000);
    assertThat(events(run, "budget.exhausted")).hasSize(2);
    clock.forward(Duration.ofHours(2));
    String other = id();
    assertThat(reserve(own, other, 5_000)).isInstanceOf(Reserve.Answer.Granted.class);
    refused(run, 9_000);
    assertThat(events(run, "budget.exhausted")).hasSize(3);
    // A call as dear gets through: the next refusal is of another wait.
    ledger.release(boot, other).join();
    spend(run, 9_000);
    refused(run, 4_000);
    refused(run, 4_000);
    assertThat(events(run, "budget.exhausted")).hasSize(4);
    assertThat(ledger.waiting()).extracting(Ledger.Waiting::run).containsExactly(run);
  }

  @Test
  void aCallIsSettledAtThePriceItWasHeldFor() {
    cap("installation", 5_000L, null, null);
    String run = StoreFixture.run(store, 1_000_000);
    String id = id();
    assertThat(reserve(run, id, 5_000)).isInstanceOf(Reserve.Answer.Granted.class);
    Price.Rates dear = Price.Rates.of("10", "10", "10", "10", "10");
    PriceTable dearer = PriceTable.of(Map.of("m", new Price(dear, null, 0)));
    new Ledger(store, dearer, new Days(BERLIN))
        .settle(id, new TokenUsage(0, 3_900, 0, 0, 0), null)
        .join();
    assertThat(shown("installation", "day").spentUsd()).isEqualTo(new Usd(3_900));
    assertThat(ledger.overdrawn(run)).isEmpty();
    Price kept = new Price(dear, Price.Rates.of("1", "2.5", "3", "4", "0.05"), 200_000);
    assertThat(Price.parse(kept.text())).isEqualTo(kept);
  }

  private static Blueprint withDay(Blueprint plain, long micros) {
    return StoreFixture.withBudget(
        plain, new Blueprint.Budget(new Usd(5_000_000), new Usd(micros), null, null, List.of(50)));
  }

  @Test
  void everyCapWarnsOnceAtEachMarkAndAgainWhenItIsRaised() {
    cap("project:default", 100_000L, null, null);
    String run = StoreFixture.run(store, 1_000_000);
    spend(run, 49_000);
    assertThat(events(run, "budget.warned")).isEmpty();
    spend(run, 2_000);
    String second = StoreFixture.run(store, 1_000_000);
    spend(second, 10_000);
    spend(second, 20_000);
    assertThat(events(run, "budget.warned")).hasSize(1);
    assertThat(events(run, "budget.warned").getFirst().data())
        .containsEntry("scope", "project:default")
        .containsEntry("period", "day")
        .containsEntry("percent", 50)
        .containsEntry("capUsd", "0.100000");
    assertThat(events(second, "budget.warned")).hasSize(1);
    cap("project:default", 150_000L, null, null);
    spend(run, 2_000);
    assertThat(events(run, "budget.warned")).hasSize(2);
    clock.forward(Duration.ofDays(1));
    spend(run, 80_000);
    assertThat(events(run, "budget.warned")).hasSize(3);
  }

  @Test
  void theTruthThatComesLateCorrectsOnceAndEverywhere() {
    cap("installation", 100_000L, null, null);
    String run = StoreFixture.run(store, 1_000_000);
    String cut = id();
    reserve(run, cut, 60_000);
    ledger.hello(id()).join();
    assertThat(shown("installation", "day").spentUsd()).isEqualTo(new Usd(60_000));
    store.log().append(run, List.of(StoreFixture.finished()));
    for (int i = 0; i < 3; i++) {
      ledger.settle(cut, new TokenUsage(10, 20_000, 0, 0, 0), "msg_1").join();
    }
    List<LoggedEvent> charges = events(run, "budget.charged");
    assertThat(charges).hasSize(2);
    assertThat(charges.get(1).data())
        .containsEntry("amountUsd", "-0.039990")
        .containsEntry("corrects", (int) charges.getFirst().seq())
        .containsEntry("outputTokens", 20_000);
    assertThat(shown("installation", "day").spentUsd()).isEqualTo(new Usd(20_010));
    assertThat(store.runs().money(run).spentUsd()).isEqualTo(new Usd(20_010));
    LedgerSums.check(store);
  }

  @Test
  void usageAboveItsReservationIsBookedStopsTheRunAndIsToldInItsLog() {
    String run = StoreFixture.run(store, 1_000_000);
    String id = id();
    reserve(run, id, 2_000);
    ledger.settle(id, new TokenUsage(0, 5_000, 0, 0, 0), null).join();
    assertThat(store.runs().money(run).spentUsd()).isEqualTo(new Usd(5_000));
    assertThat(ledger.overdrawn(run)).containsExactly(id);
    assertThat(events(run, "limit.reached").getFirst().data())
        .containsEntry("limit", "reservation");
  }

  @Test
  void zeroIsNoCap() {
    assertThatThrownBy(() -> cap("installation", 0L, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Scope.parse("run")).isInstanceOf(IllegalArgumentException.class);
    cap("installation", 5L, null, null);
    cap("installation", null, null, 7L);
    assertThat(budgets.list(Access.system(), "nobody"))
        .extracting(MoneyBodies.Cap::period)
        .containsExactly("total");
  }

  @Test
  void whoSeesWhichCaps() {
    String run = StoreFixture.runIn(store, "market-intel");
    spend(run, 2_000);
    for (String scope :
        List.of(
            "installation",
            "project:default",
            "project:market-intel",
            "blueprint:of-market-intel",
            "account:owner",
            "account:token:ci")) {
      cap(scope, 5_000L, null, null);
    }
    assertThat(budgets.list(Access.only("u2", Set.of("market-intel")), "owner"))
        .extracting(MoneyBodies.Cap::scope)
        .containsExactly("account:owner", "project:market-intel", "blueprint:of-market-intel");
    assertThat(budgets.list(Access.only("u2", Set.of()), "token:ci"))
        .extracting(MoneyBodies.Cap::scope)
        .containsExactly("account:token:ci");
    LocalDate today = LocalDate.parse("2026-11-23");
    UsageReport report = new UsageReport(store, new Days(BERLIN));
    assertThat(
            report.rows(
                Access.only("u2", Set.of("default")), UsageReport.By.USER, today, today, "", 9))
        .isEmpty();
    assertThat(
            report.rows(
                Access.only("u2", Set.of("market-intel")),
                UsageReport.By.USER,
                today,
                today,
                "",
                9))
        .extracting(MoneyBodies.UsageRow::key)
        .containsExactly("owner");
  }
}
