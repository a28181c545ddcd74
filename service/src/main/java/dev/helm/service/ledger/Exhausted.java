package dev.helm.service.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.Shortage;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tells in the log that a foreign agent's calls no longer fit: once for each cap that they meet,
 * however often the agent asks. It is told anew under another cap, another amount or another
 * period, and after a call as dear as the refused one got through, or the run was resumed. The
 * native loop tells it by itself, since it asks for less first, and pauses.
 */
final class Exhausted {
  private static final String MAIN = "main";

  private final Days days;

  Exhausted(Days days) {
    this.days = days;
  }

  void refused(Tx tx, Spender run, Caps.Cap cap, String reservation, Reserve.Answer.Refused answer)
      throws SQLException {
    String key = "ledger/exhausted/" + reservation;
    Shortage shortage = answer.shortage();
    if (shortage == null || !foreign(tx, run) || tx.has(run.run(), key) || isTold(tx, run, cap)) {
      return;
    }
    tx.append(
        run.run(),
        new Fact(
            key,
            MAIN,
            new RunEvent.BudgetExhausted(
                shortage.scope(),
                shortage.spentUsd(),
                shortage.capUsd(),
                answer.message(),
                shortage.period(),
                shortage.wholeUsd())));
  }

  /** A call that got through ends the wait for as much as it holds. */
  void granted(Tx tx, Spender run, long micros) throws SQLException {
    if (tx.sql().number("SELECT 1 FROM money_waits WHERE run = ?", 0, run.run()) == 1
        && foreign(tx, run)) {
      tx.sql()
          .update(
              "DELETE FROM money_waits WHERE run = ? AND agent = ? AND needed_micros <= ?",
              run.run(),
              MAIN,
              micros);
    }
  }

  private static boolean foreign(Tx tx, Spender run) throws SQLException {
    String agent =
        tx.sql()
            .one(
                "SELECT json_extract(body, '$.agent') FROM blueprints"
                    + " WHERE name = ? AND version = ?",
                row -> row.getString(1),
                run.blueprint(),
                run.version());
    return !Blueprint.NATIVE.equals(agent);
  }

  /** Whether the run waits for money already, and was told of this very cap. */
  private boolean isTold(Tx tx, Spender run, Caps.Cap cap) throws SQLException {
    record Told(JsonNode event, String at) {}
    Told told =
        tx.sql()
            .one(
                "SELECT e.data, e.at FROM money_waits w JOIN events e"
                    + " ON e.run = w.run AND e.seq = w.seq WHERE w.run = ? AND w.agent = ?",
                row -> new Told(HelmJson.read(row.getString(1), JsonNode.class), row.getString(2)),
                run.run(),
                MAIN);
    if (told == null) {
      return false;
    }
    Period period = cap.period();
    String start = period == null ? "" : period.start(days.of(Instant.parse(told.at())));
    return told.event().path("scope").asText().equals(cap.scope().toString())
        && Objects.equals(text(told.event().path("period")), period == null ? null : period.word())
        && told.event().path("capUsd").asText().equals(new Usd(cap.micros()).toString())
        && start.equals(cap.start());
  }

  private static @Nullable String text(JsonNode node) {
    return node.isTextual() ? node.asText() : null;
  }
}
