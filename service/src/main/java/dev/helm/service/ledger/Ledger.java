package dev.helm.service.ledger;

import dev.helm.api.Sha256;
import dev.helm.api.Usd;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.ModelTokens;
import dev.helm.service.store.Statements;
import dev.helm.service.store.Store;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The ledger of the model's money, in the event log's database and transactions. The worst case of
 * a call is held before it goes out, so that spend plus what is held never passes the run's cap.
 */
public final class Ledger {
  /** Tokens that a provider adds on its own: the hidden prompt for tool use and its like. */
  static final long HIDDEN_PROMPT_TOKENS = 1_024;

  /** More than any model counts for one image. */
  static final long IMAGE_TOKENS = 8_192;

  private static final Usd RAISE_MAX = new Usd(1_000_000_000_000L);
  private static final String PROXY_GONE = "proxy_gone";

  private final Store store;
  private final PriceTable prices;
  private final Charges charges;

  /** A ledger over a store. */
  public Ledger(Store store, PriceTable prices) {
    this.store = store;
    this.prices = prices;
    this.charges = new Charges(prices);
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

  /** Holds the worst case of a call under its run's cap, or refuses. Idempotent by id. */
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
    long input = inputBound(tx.sql(), owner.run(), call);
    long worst = price.worstMicros(input, call.maxTokens());
    long free = free(tx.sql(), owner.run());
    if (worst > free) {
      return new Reserve.Answer.Refused(
          402,
          "budget_exhausted",
          "the call may cost "
              + new Usd(worst)
              + " dollars, "
              + new Usd(Math.max(0, free))
              + " are left under the run's cap",
          free <= 0 ? 0L : price.affordableTokens(input, free));
    }
    hold(tx, boot, owner.run(), call, worst);
    return new Reserve.Answer.Granted(owner.run());
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
    return new Reserve.Answer.Refused(status, code, message, null);
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

  private static long free(Statements sql, String run) throws SQLException {
    return sql.number(
        "SELECT cap_micros - spent_micros - held_micros FROM runs WHERE id = ?", 0, run);
  }

  private static void hold(Tx tx, String boot, String run, Reserve call, long micros)
      throws SQLException {
    tx.sql()
        .update(
            "INSERT INTO reservations (id, boot, run, project, principal, call, model, held_micros,"
                + " state, prefix, opened_at) SELECT ?, ?, id, project, principal, ?, ?, ?, 'open',"
                + " ?, ? FROM runs WHERE id = ?",
            call.id(),
            boot,
            call.call(),
            call.model(),
            micros,
            call.prefixes().isEmpty() ? null : call.prefixes().getLast().sha256(),
            tx.now(),
            run);
    tx.sql().update("UPDATE runs SET held_micros = held_micros + ? WHERE id = ?", micros, run);
  }

  /**
   * Books what a call cost. Idempotent by id; what is closed already stays as it is.
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
        .write(
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

  /** Reservations of the run whose call cost more than was held for it. */
  public List<String> overdrawn(String run) {
    return store.overdrawn(run);
  }
}
