package dev.helm.service.ledger;

import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How reservations end: settled, charged in full and perhaps corrected, or voided. */
final class Charges {
  private static final Logger LOG = LoggerFactory.getLogger(Charges.class);

  private final PriceTable prices;
  private final Marks marks;
  private volatile OverListener overListener = (run, reservation, held, actual) -> {};

  Charges(PriceTable prices, Caps caps) {
    this.prices = prices;
    this.marks = new Marks(caps);
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
      @Nullable String prefix,
      @Nullable String day,
      @Nullable String price) {}

  /** A reservation that was granted: it has a run, a model and a day. */
  private record Granted(Held held, Spender run, String model, String day) {}

  void settle(Tx tx, String id, TokenUsage usage, @Nullable String messageId) throws SQLException {
    Held held = known(tx, id);
    // A void says that nothing went out; usage proves the contrary, and usage is what is paid.
    boolean inFull = held.state().equals("charged");
    if (held.state().equals("settled") || (inFull && corrected(tx, id))) {
      return;
    }
    Granted call = granted(tx, held);
    if (call == null) {
      throw new IllegalArgumentException("the reservation " + id + " was never granted");
    }
    // At the price it was held for: others that came since would lead above the hold.
    Price price = held.price() == null ? prices.price(call.model()) : Price.parse(held.price());
    long actual = price == null ? held.micros() : price.micros(usage);
    if (inFull) {
      correct(tx, call, actual, usage, messageId);
    } else {
      book(tx, call, new Booking(actual, usage, null, messageId));
    }
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
    Granted call = held.state().equals("open") ? granted(tx, held) : null;
    if (call != null) {
      book(tx, call, new Booking(held.micros(), TokenUsage.NONE, reason, null));
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
      return;
    }
    Granted call = held.state().equals("open") ? granted(tx, held) : null;
    if (call != null) {
      close(tx, call, "voided", 0);
    }
  }

  private record Booking(
      long micros, TokenUsage usage, @Nullable String reason, @Nullable String messageId) {}

  private void book(Tx tx, Granted call, Booking booking) throws SQLException {
    Held held = call.held();
    close(tx, call, booking.reason() == null ? "settled" : "charged", booking.micros());
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
            call.model(),
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
            call.run().run());
    tell(tx, call, booking, booking.micros(), null);
  }

  /** The truth about a call that was charged in full, whose end nobody had seen. */
  private void correct(
      Tx tx, Granted call, long actual, TokenUsage usage, @Nullable String messageId)
      throws SQLException {
    Held held = call.held();
    long corrects =
        tx.sql()
            .number(
                "SELECT seq FROM events WHERE run = ? AND key = ?", 0, call.run().run(), key(held));
    long difference = actual - held.micros();
    tx.sql()
        .update(
            "INSERT INTO corrections (reservation, corrects, amount_micros, over, message_id,"
                + " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,"
                + " cache_write_1h_tokens, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            held.id(),
            corrects,
            difference,
            difference > 0,
            messageId,
            usage.inputTokens(),
            usage.outputTokens(),
            usage.cacheReadTokens(),
            usage.cacheWriteTokens(),
            usage.cacheWrite1hTokens(),
            tx.now());
    Caps.move(tx.sql(), call.run(), call.day(), difference, 0);
    tell(tx, call, new Booking(difference, usage, "corrected", messageId), actual, corrects);
  }

  /** Reports, logs, warns, and raises the alarm when the call cost more than was held for it. */
  private void tell(Tx tx, Granted call, Booking booking, long actual, @Nullable Long corrects)
      throws SQLException {
    Held held = call.held();
    String run = call.run().run();
    Usages.add(
        tx.sql(),
        call.run(),
        call.day(),
        call.model(),
        booking.micros(),
        booking.usage(),
        corrects == null ? 1 : 0);
    tx.append(run, charged(call, booking, corrects));
    boolean over = actual > held.micros();
    if (active(tx, run)) {
      marks.look(tx, Spender.known(tx.sql(), run), call.day());
      if (over) {
        tx.append(run, overdrawn(held, actual));
      }
    }
    if (over) {
      tx.afterCommit(
          () -> {
            LOG.error(
                "ALARM: a call of run {} cost {} dollars, and {} were held for it (reservation"
                    + " {}); check the prices",
                run,
                new Usd(actual),
                new Usd(held.micros()),
                held.id());
            overListener.over(run, held.id(), new Usd(held.micros()), new Usd(actual));
          });
    }
  }

  private static Fact charged(Granted call, Booking booking, @Nullable Long corrects) {
    TokenUsage usage = booking.usage();
    return new Fact(
        corrects == null ? key(call.held()) : key(call.held()) + "/corrected",
        CallName.agent(call.held().call()),
        new RunEvent.BudgetCharged(
            new Usd(booking.micros()),
            call.model(),
            call.held().call(),
            usage.inputTokens(),
            usage.outputTokens(),
            usage.cacheReadTokens(),
            usage.cacheWriteTokens(),
            booking.reason(),
            corrects));
  }

  private static Fact overdrawn(Held held, long actual) {
    return new Fact(
        key(held) + "/over",
        CallName.agent(held.call()),
        new RunEvent.LimitReached(
            "reservation",
            "a model call cost "
                + new Usd(actual)
                + " dollars, and "
                + new Usd(held.micros())
                + " were held for it; the run is paused until a person has looked"));
  }

  private static String key(Held held) {
    return "ledger/" + held.id();
  }

  private static boolean active(Tx tx, String run) throws SQLException {
    String status =
        tx.sql().one("SELECT status FROM runs WHERE id = ?", row -> row.getString(1), run);
    return status != null && RunStatus.of(status).active();
  }

  /** Closes it, and moves what it held to what is spent. */
  private static void close(Tx tx, Granted call, String state, long spent) throws SQLException {
    Held held = call.held();
    long freed = held.state().equals("open") ? held.micros() : 0;
    tx.sql()
        .update(
            "UPDATE reservations SET state = ?, closed_at = ? WHERE id = ?",
            state,
            tx.now(),
            held.id());
    tx.sql()
        .update("UPDATE runs SET held_micros = held_micros - ? WHERE id = ?", freed, held.run());
    Caps.move(tx.sql(), call.run(), call.day(), spent, -freed);
  }

  private static boolean corrected(Tx tx, String id) throws SQLException {
    return tx.sql().number("SELECT 1 FROM corrections WHERE reservation = ?", 0, id) == 1;
  }

  private static @Nullable Granted granted(Tx tx, Held held) throws SQLException {
    return held.run() == null || held.model() == null || held.day() == null
        ? null
        : new Granted(held, Spender.known(tx.sql(), held.run()), held.model(), held.day());
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
            "SELECT run, call, model, held_micros, state, prefix, day, price FROM reservations"
                + " WHERE id = ?",
            row ->
                new Held(
                    id,
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getLong(4),
                    row.getString(5),
                    row.getString(6),
                    row.getString(7),
                    row.getString(8)),
            id);
  }
}
