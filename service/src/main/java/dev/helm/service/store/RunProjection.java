package dev.helm.service.store;

import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import java.sql.SQLException;

/** The row of a run: status, what it waits for, spend, tokens. */
final class RunProjection {
  void started(Statements sql, Projection.Place place, RunEvent.RunStarted event)
      throws SQLException {
    sql.update(
        "UPDATE runs SET status = ?, epoch = ?, started_at = coalesce(started_at, ?) WHERE id = ?",
        RunStatus.RUNNING.word(),
        event.epoch(),
        place.at(),
        place.run());
  }

  void paused(Statements sql, Projection.Place place, RunEvent.RunPaused event)
      throws SQLException {
    sql.update(
        "UPDATE runs SET status = ?, waiting_for = ?, waiting_since = ? WHERE id = ?",
        RunStatus.PAUSED.word(),
        event.reason(),
        place.at(),
        place.run());
  }

  void resumed(Statements sql, Projection.Place place) throws SQLException {
    sql.update(
        "UPDATE runs SET status = ?, waiting_for = NULL, waiting_since = NULL WHERE id = ?",
        RunStatus.RUNNING.word(),
        place.run());
  }

  void finished(Statements sql, Projection.Place place, RunEvent.RunFinished event)
      throws SQLException {
    sql.update(
        "UPDATE runs SET status = ?, reason = ?, finished_at = ?, waiting_for = NULL,"
            + " waiting_since = NULL WHERE id = ?",
        RunStatus.of(event.outcome()).word(),
        event.reason(),
        place.at(),
        place.run());
  }

  /** A new life, whatever became of the last one; it waits until the log says that it goes on. */
  void rolledBack(Statements sql, Projection.Place place, RunEvent.RunRolledback event)
      throws SQLException {
    sql.update(
        "UPDATE runs SET status = ?1, epoch = ?2, reason = NULL, finished_at = NULL,"
            + " idle_ms = idle_ms + CASE WHEN finished_at IS NULL THEN 0 ELSE max(0, CAST(round("
            + "(julianday(?3) - julianday(finished_at)) * 86400000) AS INTEGER)) END,"
            + " waiting_for = 'person', waiting_since = ?3 WHERE id = ?4",
        RunStatus.PAUSED.word(),
        event.epoch(),
        place.at(),
        place.run());
  }

  void charged(Statements sql, Projection.Place place, RunEvent.BudgetCharged event)
      throws SQLException {
    sql.update(
        "UPDATE runs SET spent_micros = spent_micros + ?, input_tokens = input_tokens + ?,"
            + " output_tokens = output_tokens + ? WHERE id = ?",
        event.amountUsd().micros(),
        event.inputTokens(),
        event.outputTokens(),
        place.run());
  }

  void raised(Statements sql, Projection.Place place, RunEvent.BudgetRaised event)
      throws SQLException {
    sql.update("UPDATE runs SET cap_micros = ? WHERE id = ?", event.capUsd().micros(), place.run());
  }
}
