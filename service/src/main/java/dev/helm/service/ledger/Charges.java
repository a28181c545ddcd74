package dev.helm.service.ledger;

import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** How reservations end: settled, charged in full, or voided. */
final class Charges {
  private final PriceTable prices;
  private volatile OverListener overListener = (run, reservation, held, actual) -> {};

  Charges(PriceTable prices) {
    this.prices = prices;
  }

  void onOver(OverListener listener) {
    overListener = listener;
  }

  private record Held(
      String id,
      @Nullable String run,
      @Nullable String call,
      @Nullable String model,
      long micros,
      String state,
      @Nullable String prefix) {}

  void settle(Tx tx, String id, TokenUsage usage, @Nullable String messageId) throws SQLException {
    Held held = known(tx, id);
    // A void says that nothing went out; usage proves the contrary, and usage is what is paid.
    if (held.state().equals("settled") || held.state().equals("charged")) {
      return;
    }
    if (held.run() == null || held.model() == null) {
      throw new IllegalArgumentException("the reservation " + id + " was never granted");
    }
    Price price = prices.price(held.model());
    long actual = price == null ? held.micros() : price.micros(usage);
    book(tx, held, held.run(), held.model(), new Booking(actual, usage, null, messageId));
    // An error that was not billed says nothing of how long its prompt is.
    if (held.prefix() != null && usage.allInput() > 0) {
      tx.sql()
          .update(
              "INSERT INTO prefixes (run, sha256, tokens) VALUES (?, ?, ?)"
                  + " ON CONFLICT DO UPDATE SET tokens = max(tokens, excluded.tokens)",
              held.run(),
              held.prefix(),
              usage.allInput());
    }
  }

  void inFull(Tx tx, String id, String reason) throws SQLException {
    Held held = known(tx, id);
    if (held.state().equals("open") && held.run() != null && held.model() != null) {
      book(
          tx,
          held,
          held.run(),
          held.model(),
          new Booking(held.micros(), TokenUsage.NONE, reason, null));
    }
  }

  void release(Tx tx, String boot, String id) throws SQLException {
    Held held = find(tx, id);
    if (held == null) {
      tx.sql()
          .update(
              "INSERT INTO reservations (id, boot, held_micros, state, opened_at, closed_at)"
                  + " VALUES (?, ?, 0, 'voided', ?, ?)",
              id,
              boot,
              tx.now(),
              tx.now());
    } else if (held.state().equals("open")) {
      close(tx, held, "voided");
    }
  }

  private record Booking(
      long micros, TokenUsage usage, @Nullable String reason, @Nullable String messageId) {}

  private void book(Tx tx, Held held, String run, String model, Booking booking)
      throws SQLException {
    close(tx, held, booking.reason() == null ? "settled" : "charged");
    boolean over = booking.micros() > held.micros();
    TokenUsage usage = booking.usage();
    tx.sql()
        .update(
            "INSERT INTO charges (reservation, run, project, principal, model, amount_micros,"
                + " held_micros, over, reason, message_id, input_tokens, output_tokens,"
                + " cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, at)"
                + " SELECT ?, id, project, principal, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
                + " FROM runs WHERE id = ?",
            held.id(),
            model,
            booking.micros(),
            held.micros(),
            over,
            booking.reason(),
            booking.messageId(),
            usage.inputTokens(),
            usage.outputTokens(),
            usage.cacheReadTokens(),
            usage.cacheWriteTokens(),
            usage.cacheWrite1hTokens(),
            tx.now(),
            run);
    tx.append(run, charged(held, model, booking));
    warn(tx, run);
    if (over) {
      tx.afterCommit(
          () ->
              overListener.over(run, held.id(), new Usd(held.micros()), new Usd(booking.micros())));
    }
  }

  private static Fact charged(Held held, String model, Booking booking) {
    TokenUsage usage = booking.usage();
    return new Fact(
        "ledger/" + held.id(),
        "main",
        new RunEvent.BudgetCharged(
            new Usd(booking.micros()),
            model,
            held.call(),
            usage.inputTokens(),
            usage.outputTokens(),
            usage.cacheReadTokens(),
            usage.cacheWriteTokens(),
            booking.reason(),
            null));
  }

  private static void close(Tx tx, Held held, String state) throws SQLException {
    tx.sql()
        .update(
            "UPDATE reservations SET state = ?, closed_at = ? WHERE id = ?",
            state,
            tx.now(),
            held.id());
    if (held.state().equals("open")) {
      tx.sql()
          .update(
              "UPDATE runs SET held_micros = held_micros - ? WHERE id = ?",
              held.micros(),
              held.run());
    }
  }

  /** Says once for each mark of the blueprint that spend has reached it. */
  private static void warn(Tx tx, String run) throws SQLException {
    record Row(long spent, long cap, String status, String body) {}
    Row row =
        tx.sql()
            .one(
                "SELECT r.spent_micros, r.cap_micros, r.status, b.body FROM runs r"
                    + " JOIN blueprints b ON b.name = r.blueprint"
                    + " AND b.version = r.blueprint_version WHERE r.id = ?",
                found ->
                    new Row(
                        found.getLong(1), found.getLong(2), found.getString(3), found.getString(4)),
                run);
    if (row == null || row.cap() <= 0 || !RunStatus.of(row.status()).active()) {
      return;
    }
    for (int percent : HelmJson.read(row.body(), Blueprint.class).budget().warnAt()) {
      String key = "ledger/warned/" + percent;
      if (Math.multiplyExact(row.spent(), 100) >= Math.multiplyExact(row.cap(), percent)
          && !tx.has(run, key)) {
        tx.append(
            run,
            new Fact(
                key,
                "main",
                new RunEvent.BudgetWarned(percent, new Usd(row.spent()), new Usd(row.cap()))));
      }
    }
  }

  private static Held known(Tx tx, String id) throws SQLException {
    Held held = find(tx, id);
    if (held == null) {
      throw new IllegalArgumentException("there is no reservation " + id);
    }
    return held;
  }

  private static @Nullable Held find(Tx tx, String id) throws SQLException {
    return tx.sql()
        .one(
            "SELECT run, call, model, held_micros, state, prefix FROM reservations WHERE id = ?",
            row ->
                new Held(
                    id,
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getLong(4),
                    row.getString(5),
                    row.getString(6)),
            id);
  }
}
