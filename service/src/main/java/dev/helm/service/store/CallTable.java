package dev.helm.service.store;

import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Tool calls that the model asked for. */
final class CallTable {
  private CallTable() {}

  static void insert(Statements sql, Projection.Place place, RunEvent.ToolRequested e)
      throws SQLException {
    // The first request under an id counts: its id is the key of its effect.
    sql.update(
        "INSERT INTO calls (run, tool_use_id, seq, agent, tool, arguments, arguments_hash, object,"
            + " turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        place.run(),
        e.toolUseId(),
        place.seq(),
        place.agent(),
        e.tool(),
        HelmJson.write(e.arguments()),
        e.argumentsHash(),
        e.object(),
        e.turn());
  }

  /** The arguments that people allowed instead. */
  static void edited(Statements sql, Projection.Place place, RunEvent.PermissionDecided e)
      throws SQLException {
    if (e.arguments() != null && e.decision().equals("allow")) {
      sql.update(
          "UPDATE calls SET edited = ? WHERE run = ? AND tool_use_id = ?",
          HelmJson.write(e.arguments()),
          place.run(),
          e.toolUseId());
    }
  }

  /** A call that is asked again is the one that the model asked for: the old answers are gone. */
  static void rolledBack(Statements sql, Projection.Place place) throws SQLException {
    sql.update("UPDATE calls SET edited = NULL WHERE run = ? AND edited IS NOT NULL", place.run());
  }

  static Runs.@Nullable RequestedCall find(Statements sql, String run, String toolUseId)
      throws SQLException {
    return sql.one(
        "SELECT tool, arguments, arguments_hash, object, agent, turn, edited FROM calls"
            + " WHERE run = ? AND tool_use_id = ?",
        row ->
            new Runs.RequestedCall(
                toolUseId,
                row.getString(1),
                ContentJson.read(row.getString(2)),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getInt(6),
                row.getString(7) == null ? null : ContentJson.read(row.getString(7))),
        run,
        toolUseId);
  }
}
