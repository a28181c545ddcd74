package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.event.RunEvent;
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
import dev.helm.workflows.Fact;
import dev.helm.workflows.decide.Shortage;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs that wait for money are told to go on, when, and how often. */
class MoneyWatchTest {
  private static final String MODEL = "claude-sonnet-4-5";

  @TempDir Path home;
  private volatile Instant now = Instant.parse("2026-11-23T12:00:00Z");
  private Store store;
  private Ledger ledger;
  private Budgets budgets;
  private final List<String> told = new ArrayList<>();
  private MoneyWatch watch;
  private final String boot = RunId.random().value();

  private final Clock clock =
      new Clock() {
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
      };

  @BeforeEach
  void open() {
    store = Store.open(home, clock);
    Days days = new Days(ZoneOffset.UTC);
    ledger = new Ledger(store, PriceTable.load(home), days);
    ledger.hello(boot).join();
    budgets = new Budgets(store, days);
    watch = new MoneyWatch(ledger, (run, by, request) -> told.add(run + " " + by + " " + request));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Reserve.Answer reserve(String run, String id, long output) {
    String token = store.runs().modelToken(run, 1).reveal();
    return ledger
        .reserve(boot, new Reserve(id, token, "e1/main/t1.0/a1", MODEL, output, 10, 0, List.of()))
        .join();
  }

  private void dayCap(@Nullable Long micros) {
    budgets.set(
        Scope.parse("project:default"),
        new MoneyBodies.SetCaps(micros == null ? null : new Usd(micros), null, null),
        "ann");
  }

  /** What the model activity writes after a 402; the event's seq. */
  private long pauses(String run, String key, boolean needsWhole) {
    return pauses(run, "main", key, needsWhole);
  }

  private long pauses(String run, String agent, String key, boolean needsWhole) {
    Reserve.Answer answer = reserve(run, RunId.random().value(), 8_000);
    Shortage shortage = Objects.requireNonNull(((Reserve.Answer.Refused) answer).shortage());
    return store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    key,
                    agent,
                    new RunEvent.BudgetExhausted(
                        shortage.scope(),
                        shortage.spentUsd(),
                        shortage.capUsd(),
                        "no room",
                        shortage.period(),
                        needsWhole ? shortage.wholeUsd() : shortage.usefulUsd())),
                new Fact(
                    key + "/p",
                    "main",
                    new RunEvent.RunPaused("budget", null, null, null, "no room"))))
        .getFirst();
  }

  @Test
  void aWiderCapANewDayAndMoneyGivenBackLetRunsGoOn() {
    dayCap(30_000L);
    String holder = StoreFixture.run(store);
    String held = RunId.random().value();
    assertThat(reserve(holder, held, 1_400)).isInstanceOf(Reserve.Answer.Granted.class);
    String run = StoreFixture.run(store);
    long first = pauses(run, "k1", false);
    watch.look();
    assertThat(told).isEmpty();
    // The other run's call cost less than was held for it.
    ledger.settle(held, new TokenUsage(100, 100, 0, 0, 0), null).join();
    watch.look();
    watch.look();
    assertThat(told).containsExactly(run + " helm room-" + first);
    store.log().append(run, List.of(resumed("r1")));
    dayCap(2_000L);
    long second = pauses(run, "k2", false);
    watch.look();
    assertThat(told).hasSize(1);
    dayCap(1_000_000L);
    watch.look();
    assertThat(told).last().isEqualTo(run + " helm room-" + second);
    store.log().append(run, List.of(resumed("r2")));
    dayCap(30_000L);
    String other = RunId.random().value();
    assertThat(reserve(holder, other, 1_200)).isInstanceOf(Reserve.Answer.Granted.class);
    long third = pauses(run, "k3", false);
    watch.look();
    assertThat(told).hasSize(2);
    now = now.plus(Duration.ofHours(12));
    watch.look();
    assertThat(told).as("it asked twice in vain already").hasSize(2);
    for (int i = 0; i < 4; i++) {
      watch.look();
    }
    assertThat(told).last().isEqualTo(run + " helm room-" + third);
  }

  @Test
  void anAnswerThatWasCutWaitsForRoomForAllOfIt() {
    dayCap(30_000L);
    String run = StoreFixture.run(store);
    pauses(run, "k1", true);
    watch.look();
    assertThat(told).as("a short answer would fit, and be cut and paid again").isEmpty();
    dayCap(200_000L);
    watch.look();
    assertThat(told).hasSize(1);
  }

  @Test
  void aRunThatEndedWaitsForNothingAndOneThatFailsIsTriedAgain() {
    dayCap(2_000L);
    String ended = StoreFixture.run(store);
    pauses(ended, "k1", false);
    store.log().append(ended, List.of(StoreFixture.finished()));
    String run = StoreFixture.run(store);
    pauses(run, "k1", false);
    dayCap(null);
    MoneyWatch failing =
        new MoneyWatch(
            ledger,
            (id, by, request) -> {
              told.add(id);
              throw new IllegalStateException("Temporal is away");
            });
    failing.look();
    failing.look();
    assertThat(told).containsExactly(run, run);
  }

  /** Of many that wait for one purse, only so many are told as it has room for, in their order. */
  @Test
  void onlySoManyAreToldAsThereIsRoomForAndThoseWhoAskedInVainLessAndLessOften() {
    dayCap(1_000L);
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      runs.add(StoreFixture.run(store));
      pauses(runs.getLast(), "k1", false);
    }
    long needed = ledger.waiting().getFirst().neededMicros();
    dayCap(3 * needed + needed / 2);
    watch.look();
    watch.look();
    assertThat(told).extracting(MoneyWatchTest::run).containsExactlyElementsOf(runs.subList(0, 3));
    // The first gets it all, and holds it.
    store.log().append(runs.getFirst(), List.of(resumed("r1")));
    assertThat(reserve(runs.getFirst(), RunId.random().value(), 1_800))
        .isInstanceOf(Reserve.Answer.Granted.class);
    for (int look = 0; look < 300; look++) {
      watch.look();
    }
    assertThat(told).as("no room, no word").hasSize(3);
    // From now on there seems to be room, and the one that is told asks in vain each time.
    dayCap(null);
    for (String run : runs.subList(2, 40)) {
      store.log().append(run, List.of(StoreFixture.finished()));
    }
    told.clear();
    String unlucky = runs.get(1);
    for (int look = 0; look < 120; look++) {
      store.log().append(unlucky, List.of(exhausted("again" + look)));
      watch.look();
    }
    assertThat(told).hasSizeBetween(2, 7);
  }

  private static String run(String told) {
    return told.substring(0, told.indexOf(' '));
  }

  private static Fact exhausted(String key) {
    Usd some = new Usd(10);
    return new Fact(
        key, "main", new RunEvent.BudgetExhausted("run", some, some, "no room", null, some));
  }

  @Test
  void aHungryAgentKeepsNoModestOneWaiting() {
    dayCap(1_000L);
    String run = StoreFixture.run(store);
    pauses(run, "main", "k1", true);
    pauses(run, "sub-1", "k2", false);
    long needed = ledger.waiting().getFirst().neededMicros();
    dayCap(needed + 1);
    watch.look();
    assertThat(told).hasSize(1);
  }

  private static Fact resumed(String key) {
    return new Fact(key, "main", new RunEvent.RunResumed("budget", null));
  }
}
