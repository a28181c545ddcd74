package dev.helm.service.ledger;

import dev.helm.api.Sha256;
import dev.helm.api.Usd;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.ModelTokens;
import dev.helm.service.store.Statements;
import dev.helm.service.store.Store;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import dev.helm.workflows.decide.Shortage;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The ledger of the model's money, in the event log's database and transactions. The worst case of
 * a call is held before it goes out, so that spend plus what is held never passes a cap.
 */
public final class Ledger {
  /** Tokens that a provider adds on its own: the hidden prompt for tool use and its like. */
  static final long HIDDEN_PROMPT_TOKENS = 1_024;

  /** More than any model counts for one image. */
  static final long IMAGE_TOKENS = 8_192;

  private static final Usd RAISE_MAX = new Usd(1_000_000_000_000L);
  private static final int WAITING_MAX = 10_000;
  private static final String PROXY_GONE = "proxy_gone";

  private final Store store;
  private final PriceTable prices;
  private final Days days;
  private final Caps caps = new Caps();
  private final Charges charges;
  private final Exhausted exhausted;

  /** A ledger over a store whose days are those of UTC. */
  public Ledger(Store store, PriceTable prices) {
    this(store, prices, new Days(ZoneOffset.UTC));
  }

  /** A ledger over a store. */
  public Ledger(Store store, PriceTable prices, Days days) {
    this.store = store;
    this.prices = prices;
    this.days = days;
    this.charges = new Charges(prices, caps);
    this.exhausted = new Exhausted(days);
  }

  /** Sets who is told of a call that cost more than was held for it. */
  public void onOver(OverListener listener) {
    charges.onOver(listener);
  }

  static void checkId(String id) {
    if (!id.matches("[0-9a-f]{32}")) {
      throw new IllegalArgumentException("an id is 32 lower-case hex digits");
    }
  }

  /**
   * A proxy announces its life. What other lives left open is charged in full, since nobody will
   * tell how those calls ended.
   */
  public CompletableFuture<Void> hello(String boot) {
    checkId(boot);
    return store
        .writer()
        .<@Nullable Void>submit(
            tx -> {
              tx.sql()
                  .update(
                      "INSERT INTO proxy_life (only, boot) VALUES (1, ?)"
                          + " ON CONFLICT (only) DO UPDATE SET boot = excluded.boot",
                      boot);
              List<String> left =
                  tx.sql()
                      .list(
                          "SELECT id FROM reservations WHERE state = 'open' AND boot <> ?",
                          row -> row.getString(1),
                          boot);
              for (String id : left) {
                charges.inFull(tx, id, PROXY_GONE);
              }
              return null;
            })
        .thenAccept(done -> {});
  }

  /** Holds the worst case of a call under every cap, or refuses. Idempotent by id. */
  public CompletableFuture<Reserve.Answer> reserve(String boot, Reserve call) {
    return store.writer().submit(tx -> reserve(tx, boot, call));
  }

  private Reserve.Answer reserve(Tx tx, String boot, Reserve call) throws SQLException {
    if (tx.sql().number("SELECT 1 FROM proxy_life WHERE boot = ?", 0, boot) == 0) {
      return refused(503, "superseded", "a newer key proxy has taken over");
    }
    Reserve.Answer earlier = earlier(tx.sql(), call.id());
    if (earlier != null) {
      return earlier;
    }
    ModelTokens.RunEpoch owner = store.modelTokens().verify(tx.sql(), call.token());
    if (owner == null) {
      return refused(401, "unknown_token", "the token is not of an active run");
    }
    Price price = prices.price(call.model());
    if (price == null) {
      return refused(
          400,
          "model_without_price",
          "Helm knows no price for this model; add it to prices.yml in HELM_HOME");
    }
    Spender run = Spender.known(tx.sql(), owner.run());
    String day = days.of(Instant.parse(tx.now()));
    Caps.Cap tightest = Caps.tightest(caps.applying(tx.sql(), run, day));
    long input = inputBound(tx.sql(), run.run(), call);
    long worst = price.worstMicros(input, call.maxTokens());
    if (worst > tightest.free()) {
      Reserve.Answer.Refused refused = refused(tightest, price, input, call.maxTokens());
      exhausted.refused(tx, run, tightest, call.id(), refused);
      return refused;
    }
    hold(tx, boot, run, day, call, price, worst);
    exhausted.granted(tx, run, worst);
    return new Reserve.Answer.Granted(run.run());
  }

  private static Reserve.Answer.Refused refused(
      Caps.Cap cap, Price price, long input, long maxTokens) {
    long free = Math.max(0, cap.free());
    Usd worst = new Usd(price.worstMicros(input, maxTokens));
    long useful = price.worstMicros(input, Math.min(maxTokens, Shortage.USEFUL_TOKENS_MIN));
    return new Reserve.Answer.Refused(
        402,
        "budget_exhausted",
        "the call may cost %s dollars, %s are left under %s (%s spent, %s held, cap %s)"
            .formatted(
                worst,
                new Usd(free),
                cap.shown(),
                new Usd(cap.spent()),
                new Usd(cap.held()),
                new Usd(cap.micros())),
        free == 0 ? 0L : price.affordableTokens(input, free),
        new Shortage(
            cap.scope().toString(),
            cap.period() == null ? null : cap.period().word(),
            new Usd(cap.spent()),
            new Usd(cap.micros()),
            new Usd(useful),
            worst));
  }

  private static Reserve.@Nullable Answer earlier(Statements sql, String id) throws SQLException {
    record Row(String state, @Nullable String run) {}
    Row row =
        sql.one(
            "SELECT state, run FROM reservations WHERE id = ?",
            found -> new Row(found.getString(1), found.getString(2)),
            id);
    if (row == null) {
      return null;
    }
    return row.state().equals("open") && row.run() != null
        ? new Reserve.Answer.Granted(row.run())
        : refused(503, "reservation_closed", "this reservation is over; make a new one");
  }

  private static Reserve.Answer.Refused refused(int status, String code, String message) {
    return new Reserve.Answer.Refused(status, code, message, null, null);
  }

  /** Most input tokens: what the longest known beginning had, and a token for each byte after. */
  private static long inputBound(Statements sql, String run, Reserve call) throws SQLException {
    long margin = HIDDEN_PROMPT_TOKENS + call.images() * IMAGE_TOKENS;
    for (Reserve.Prefix prefix : call.prefixes().reversed()) {
      long tokens =
          sql.number(
              "SELECT tokens FROM prefixes WHERE run = ? AND sha256 = ?", -1, run, prefix.sha256());
      if (tokens > 0) {
        return tokens + (call.bodyBytes() - prefix.bytes()) + margin;
      }
    }
    return call.bodyBytes() + margin;
  }

  private static void hold(
      Tx tx, String boot, Spender run, String day, Reserve call, Price price, long micros)
      throws SQLException {
    tx.sql()
        .update(
            "INSERT INTO reservations (id, boot, run, project, principal, call, model, held_micros,"
                + " state, prefix, opened_at, day, price) SELECT ?, ?, id, project, principal, ?, ?,"
                + " ?, 'open', ?, ?, ?, ? FROM runs WHERE id = ?",
            call.id(),
            boot,
            call.call(),
            call.model(),
            micros,
            call.prefixes().isEmpty() ? null : call.prefixes().getLast().sha256(),
            tx.now(),
            day,
            price.text(),
            run.run());
    tx.sql()
        .update("UPDATE runs SET held_micros = held_micros + ? WHERE id = ?", micros, run.run());
    Caps.move(tx.sql(), run, day, 0, micros);
  }

  /**
   * Books what a call cost. Idempotent by id. What was charged in full before is corrected, once.
   *
   * @throws IllegalArgumentException for an unknown id, through the future
   */
  public CompletableFuture<Void> settle(String id, TokenUsage usage, @Nullable String messageId) {
    checkId(id);
    return store
        .writer()
        .<@Nullable Void>submit(
            tx -> {
              charges.settle(tx, id, usage, messageId);
              return null;
            })
        .thenAccept(done -> {});
  }

  /** Books the whole reservation: bytes went out, and the end was not seen. Idempotent by id. */
  public CompletableFuture<Void> charge(String id, String reason) {
    checkId(id);
    return store
        .writer()
        .<@Nullable Void>submit(
            tx -> {
              charges.inFull(tx, id, reason);
              return null;
            })
        .thenAccept(done -> {});
  }

  /**
   * Frees a reservation whose call never went out. An id that is not known is closed all the same,
   * so that a reserve that arrives later holds nothing.
   */
  public CompletableFuture<Void> release(String boot, String id) {
    checkId(id);
    return store
        .writer()
        .<@Nullable Void>submit(
            tx -> {
              charges.release(tx, boot, id);
              return null;
            })
        .thenAccept(done -> {});
  }

  /**
   * Raises a run's cap and logs {@code budget.raised}.
   *
   * @param requestKey the same key again raises nothing more
   * @return the new cap
   * @throws IllegalArgumentException for an unknown run or an amount that is not 0 to a million
   * @throws dev.helm.service.store.RunEndedException when the run has ended
   */
  public Usd raise(String run, Usd add, String by, String requestKey) {
    if (add.micros() <= 0 || add.compareTo(RAISE_MAX) > 0) {
      throw new IllegalArgumentException("a raise is above 0 and at most " + RAISE_MAX);
    }
    String key = Sha256.hex(requestKey);
    return store
        .writer()
        .change(
            tx -> {
              long before =
                  tx.sql()
                      .number(
                          "SELECT cap_micros FROM raises WHERE run = ? AND request_key = ?",
                          -1,
                          run,
                          key);
              if (before >= 0) {
                return new Usd(before);
              }
              long cap = tx.sql().number("SELECT cap_micros FROM runs WHERE id = ?", -1, run);
              if (cap < 0) {
                throw new IllegalArgumentException("there is no run " + run);
              }
              Usd raised = new Usd(cap).plus(add);
              tx.append(
                  run,
                  new Fact("raise/" + key, "main", new RunEvent.BudgetRaised(add, raised, by)));
              tx.sql()
                  .update(
                      "INSERT INTO raises (run, request_key, cap_micros) VALUES (?, ?, ?)",
                      run,
                      key,
                      raised.micros());
              return raised;
            });
  }

  /** What is left under the caps now, for one look at many runs. */
  public Room room() {
    return new Room(store, caps, days.of(store.clock().instant()));
  }

  /** A run that waits for money, since the event {@code seq}, and how much it needs. */
  public record Waiting(String run, long seq, long neededMicros) {}

  /**
   * Runs that wait for money, longest first; of one with several agents what the most modest needs,
   * since the others would keep it waiting.
   */
  public List<Waiting> waiting() {
    return store.read(
        sql ->
            sql.list(
                "SELECT w.run, max(w.seq), min(w.needed_micros) FROM money_waits w"
                    + " JOIN events e ON e.run = w.run AND e.seq = w.seq"
                    + " GROUP BY w.run ORDER BY min(e.pos) LIMIT "
                    + WAITING_MAX,
                row -> new Waiting(row.getString(1), row.getLong(2), row.getLong(3))));
  }

  /** Reservations of the run whose call cost more than was held for it. */
  public List<String> overdrawn(String run) {
    return store.overdrawn(run);
  }
}
