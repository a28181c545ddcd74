package dev.helm.service.store;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;

/** Steering messages and their receipts. */
final class MessageProjection {
  void queued(Statements sql, Projection.Place place, RunEvent.MessageQueued e)
      throws SQLException {
    sql.update(
        "INSERT INTO messages (run, id, seq, project, principal, text, wanted, state, queued_at)"
            + " SELECT id, ?, ?, project, ?, ?, ?, 'queued', ? FROM runs WHERE id = ?"
            + " ON CONFLICT DO NOTHING",
        e.messageId(),
        place.seq(),
        e.by(),
        HelmJson.write(e.text()),
        e.when(),
        place.at(),
        place.run());
  }

  void read(Statements sql, Projection.Place place, RunEvent.MessageRead e) throws SQLException {
    sql.update(
        "UPDATE messages SET state = 'read', read_at_turn = ? WHERE run = ? AND id = ?",
        e.turn(),
        place.run(),
        e.messageId());
  }

  void cancelled(Statements sql, Projection.Place place, RunEvent.MessageCancelled e)
      throws SQLException {
    sql.update(
        "UPDATE messages SET state = 'cancelled' WHERE run = ? AND id = ? AND state = 'queued'",
        place.run(),
        e.messageId());
  }
}
