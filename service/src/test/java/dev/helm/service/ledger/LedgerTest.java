package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.store.Runs;
import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.event.LoggedEvent;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
  private static final String MODEL = "claude-sonnet-4-5";
  private static final String SHA = "a".repeat(64);

  @TempDir Path home;
  private Store store;
  private Ledger ledger;
  private final String boot = id();

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
    ledger = new Ledger(store, PriceTable.load(home));
    ledger.hello(boot).join();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static String id() {
    return RunId.random().value();
  }

  private Reserve call(String run, String id, long bytes, long maxTokens) {
    return new Reserve(
        id,
        store.runs().modelToken(run, 1).reveal(),
        "c",
        MODEL,
        maxTokens,
        bytes,
        0,
        List.of(new Reserve.Prefix(SHA, bytes)));
  }

  /** A call whose beginning nobody has seen. */
  private Reserve fresh(String run, String id) {
    String token = store.runs().modelToken(run, 1).reveal();
    return new Reserve(id, token, null, MODEL, 100, 100, 0, List.of());
  }

  private List<LoggedEvent> events(String run, String type) {
    return store.queries().events(Access.system(), run, 0, 1000, Set.of(type)).items();
  }

  private long held(String run) {
    return store.runs().money(run).heldUsd().micros();
  }

  @Test
  void anErrorThatWasNotBilledTeachesNothingOfThePromptsLength() {
    String run = StoreFixture.run(store);
    String first = id();
    ledger.reserve(boot, call(run, first, 200_000, 100)).join();
    long held = held(run);
    ledger.settle(first, TokenUsage.NONE, null).join();
    ledger.reserve(boot, call(run, id(), 200_000, 100)).join();
    assertThat(held(run)).isEqualTo(held);
  }

  @Test
  void holdsTheDearestAndBooksTheTruth() {
    String run = StoreFixture.run(store);
    String id = id();
    Reserve call = call(run, id, 10_000, 1_000);
    assertThat(ledger.reserve(boot, call).join()).isEqualTo(new Reserve.Answer.Granted(run));
    assertThat(ledger.reserve(boot, call).join()).isEqualTo(new Reserve.Answer.Granted(run));
    // 10,000 bytes and 1,024 hidden tokens at 6 dollars a million, 1,000 tokens at 15.
    assertThat(held(run)).isEqualTo(11_024 * 6 + 15_000);
    TokenUsage usage = new TokenUsage(100, 10, 1, 20, 5);
    ledger.settle(id, usage, "msg_1").join();
    ledger.settle(id, usage, "msg_1").join();
    ledger.charge(id, "cut").join();
    // 300 + 150 + 0.3 + 15 * 3.75 + 5 * 6 = 536.55 micro-dollars, rounded up.
    assertThat(store.runs().money(run))
        .isEqualTo(new Runs.Money(new Usd(537), Usd.ZERO, new Usd(5_000_000)));
    assertThat(events(run, "budget.charged")).hasSize(1);
    assertThat(events(run, "budget.charged").getFirst().data())
        .containsEntry("amountUsd", "0.000537");
    // The beginning is known now: 121 tokens in place of 10,000 bytes.
    ledger.reserve(boot, call(run, id(), 10_000, 1_000)).join();
    assertThat(held(run)).isEqualTo((121 + 1_024) * 6 + 15_000);
  }

  @Test
  void refusesWhatDoesNotFit() {
    String run = StoreFixture.run(store, 100_000);
    Reserve.Answer answer = ledger.reserve(boot, call(run, id(), 5_000, 8_192)).join();
    assertThat(answer).isInstanceOf(Reserve.Answer.Refused.class);
    Reserve.Answer.Refused refused = (Reserve.Answer.Refused) answer;
    assertThat(refused.status()).isEqualTo(402);
    assertThat(refused.code()).isEqualTo("budget_exhausted");
    long affordable = refused.affordableTokens() == null ? -1 : refused.affordableTokens();
    assertThat(affordable).isEqualTo((100_000 - 6_024 * 6) / 15);
    assertThat(ledger.reserve(boot, call(run, id(), 5_000, affordable + 1)).join())
        .isInstanceOf(Reserve.Answer.Refused.class);
    assertThat(ledger.reserve(boot, call(run, id(), 5_000, affordable)).join())
        .isInstanceOf(Reserve.Answer.Granted.class);
  }

  @Test
  void refusesUnknownModelsTokensAndLives() {
    String run = StoreFixture.run(store);
    Reserve good = call(run, id(), 10, 10);
    Reserve model = new Reserve(id(), good.token(), null, "gpt-9", 10, 10, 0, List.of());
    assertThat(code(ledger.reserve(boot, model).join())).isEqualTo("model_without_price");
    Reserve token = new Reserve(id(), "helm_x", null, MODEL, 10, 10, 0, List.of());
    assertThat(code(ledger.reserve(boot, token).join())).isEqualTo("unknown_token");
    assertThat(code(ledger.reserve(id(), good).join())).isEqualTo("superseded");
    store.log().append(run, List.of(StoreFixture.finished()));
    assertThat(code(ledger.reserve(boot, good).join())).isEqualTo("unknown_token");
    assertThatThrownBy(() -> ledger.settle(id(), TokenUsage.NONE, null).join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(IllegalArgumentException.class);
  }

  private static String code(Reserve.Answer answer) {
    return answer instanceof Reserve.Answer.Refused refused ? refused.code() : "granted";
  }

  @Test
  void aNewLifeChargesTheOldOneInFullAndARestartChargesNothing() {
    String run = StoreFixture.run(store);
    ledger.reserve(boot, call(run, id(), 1_000, 100)).join();
    long worst = held(run);
    store.close();
    store = Store.open(home, Clock.systemUTC());
    ledger = new Ledger(store, PriceTable.load(home));
    ledger.hello(boot).join();
    assertThat(held(run)).isEqualTo(worst);
    ledger.hello(id()).join();
    assertThat(store.runs().money(run).spentUsd().micros()).isEqualTo(worst);
    assertThat(held(run)).isZero();
    assertThat(events(run, "budget.charged").getFirst().data())
        .containsEntry("reason", "proxy_gone");
  }

  @Test
  void aVoidFreesAndBarsALateReserve() {
    String run = StoreFixture.run(store);
    String id = id();
    ledger.reserve(boot, call(run, id, 1_000, 100)).join();
    ledger.release(boot, id).join();
    ledger.release(boot, id).join();
    assertThat(held(run)).isZero();
    String late = id();
    ledger.release(boot, late).join();
    assertThat(code(ledger.reserve(boot, call(run, late, 1_000, 100)).join()))
        .isEqualTo("reservation_closed");
    assertThat(held(run)).isZero();
  }

  @Test
  void warnsOnceAtEachMarkAndTellsOfOverspend() throws InterruptedException {
    String run = StoreFixture.run(store, 100_000);
    BlockingQueue<String> over = new LinkedBlockingQueue<>();
    ledger.onOver((r, reservation, heldUsd, actual) -> over.add(r + " " + actual));
    String first = id();
    ledger.reserve(boot, fresh(run, first)).join();
    ledger.settle(first, new TokenUsage(17_000, 0, 0, 0, 0), null).join();
    String second = id();
    ledger.reserve(boot, fresh(run, second)).join();
    ledger.settle(second, new TokenUsage(12_000, 0, 0, 0, 0), null).join();
    assertThat(events(run, "budget.warned")).hasSize(2);
    assertThat(over.poll(30, TimeUnit.SECONDS)).isEqualTo(run + " 0.051000");
    assertThat(over.poll(30, TimeUnit.SECONDS)).isEqualTo(run + " 0.036000");
    assertThat(ledger.overdrawn(run)).containsExactlyInAnyOrder(first, second);
    assertThat(ledger.raise(run, new Usd(50_000), "ann", "k")).isEqualTo(new Usd(150_000));
    assertThat(ledger.raise(run, new Usd(50_000), "ann", "k")).isEqualTo(new Usd(150_000));
    assertThat(store.runs().money(run).capUsd()).isEqualTo(new Usd(150_000));
    assertThat(events(run, "budget.raised")).hasSize(1);
  }

  @Test
  void ownPricesReplaceTheBuiltInOnes() throws Exception {
    assertThat(PriceTable.load(home).date()).isEqualTo("2026-10-24");
    assertThat(PriceTable.load(home).knows("claude-sonnet-4-5-20250929")).isTrue();
    assertThat(PriceTable.load(home).knows("claude-2")).isFalse();
    Files.writeString(
        home.resolve("prices.yml"),
        "date: 2027-01-01\nmodels:\n  claude-2: {input: 1, output: 2, cacheWrite5m: 1.25,"
            + " cacheWrite1h: 2, cacheRead: 0.1}\n");
    assertThat(PriceTable.load(home).knows("claude-2")).isTrue();
    Files.writeString(home.resolve("prices.yml"), "models:\n  claude-2: {input: cheap}\n");
    assertThatThrownBy(() -> PriceTable.load(home))
        .hasMessageContaining("claude-2")
        .hasMessageContaining("input");
  }

  @Test
  void longCallsPayTheLongRates() {
    Price price =
        new Price(
            Price.Rates.of("1", "2", "1", "1", "0"),
            Price.Rates.of("10", "20", "1", "1", "0"),
            100);
    PriceTable table = PriceTable.of(Map.of("m", price));
    assertThat(table.price("m")).isNotNull();
    assertThat(price.micros(new TokenUsage(100, 1, 0, 0, 0))).isEqualTo(102);
    assertThat(price.micros(new TokenUsage(100, 1, 1, 0, 0))).isEqualTo(1020);
    assertThat(price.worstMicros(101, 1)).isEqualTo(1030);
  }
}
