package dev.helm.service.store;

import dev.helm.activities.store.RunLog;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;

/** Steering messages and their receipts. */
final class MessageProjection {
  void queued(Statements sql, Projection.Place place, RunEvent.MessageQueued e)
      throws SQLException {
    sql.update(
        "INSERT INTO messages (run, id, seq, project, principal, by_name, text, wanted, state, queued_at)"
            + " SELECT id, ?, ?, project, (SELECT id FROM principals WHERE name = ?), ?, ?, ?, 'queued', ? FROM runs WHERE id = ?"
            + " ON CONFLICT DO NOTHING",
        e.messageId(),
        place.seq(),
        e.by(),
        e.by(),
        HelmJson.write(e.text()),
        e.when(),
        place.at(),
        place.run());
  }

  /** Whoever comes first decides: a message that was taken back is never read. */
  void read(Statements sql, Projection.Place place, RunEvent.MessageRead e) throws SQLException {
    int changed =
        sql.update(
            "UPDATE messages SET state = 'read', read_at_turn = ?"
                + " WHERE run = ? AND id = ? AND state <> 'cancelled'",
            e.turn(),
            place.run(),
            e.messageId());
    if (changed == 0) {
      throw new RunLog.KeyConflictException(
          "message " + e.messageId() + " was taken back before it was read");
    }
  }

  void cancelled(Statements sql, Projection.Place place, RunEvent.MessageCancelled e)
      throws SQLException {
    sql.update(
        "UPDATE messages SET state = 'cancelled' WHERE run = ? AND id = ? AND state = 'queued'",
        place.run(),
        e.messageId());
  }
}
