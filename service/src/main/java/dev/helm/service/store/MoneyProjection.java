package dev.helm.service.store;

import dev.helm.api.event.RunEvent;
import java.sql.SQLException;

/** Which runs wait for money, and how much they need to go on. */
final class MoneyProjection {
  void exhausted(Statements sql, Projection.Place place, RunEvent.BudgetExhausted e)
      throws SQLException {
    if (e.neededUsd() != null) {
      sql.update(
          "INSERT INTO money_waits (run, agent, seq, needed_micros) VALUES (?, ?, ?, ?)"
              + " ON CONFLICT DO UPDATE SET seq = excluded.seq,"
              + " needed_micros = excluded.needed_micros",
          place.run(),
          place.agent(),
          place.seq(),
          e.neededUsd().micros());
    }
  }

  void resumed(Statements sql, Projection.Place place, RunEvent.RunResumed e) throws SQLException {
    if (e.reason().equals("budget")) {
      over(sql, place);
    }
  }

  /** This agent has its answer, or has ended: it no longer waits. */
  void answered(Statements sql, String run, String agent) throws SQLException {
    sql.update("DELETE FROM money_waits WHERE run = ? AND agent = ?", run, agent);
  }

  /** Nobody in the run waits for money any more. */
  void over(Statements sql, Projection.Place place) throws SQLException {
    sql.update("DELETE FROM money_waits WHERE run = ?", place.run());
  }
}
