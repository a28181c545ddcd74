package dev.helm.service.store;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.decide.Remembered;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rules that people had remembered: a decision in the log puts one in, a person takes it out. */
final class RememberedTable {
  private RememberedTable() {}

  static void insert(Statements sql, Projection.Place place, RunEvent.PermissionDecided e)
      throws SQLException {
    RunEvent.Remembered remembered = e.remembered();
    if (remembered == null) {
      return;
    }
    sql.update(
        "INSERT INTO remembered (id, scope, run, blueprint, project, rule, permission, by_name,"
            + " remembered_at, expires_ms)"
            + " SELECT ?, ?, id, blueprint, project, ?, ?, ?, ?, ? FROM runs WHERE id = ?"
            + " ON CONFLICT DO NOTHING",
        remembered.ruleId(),
        remembered.scope(),
        remembered.rule(),
        e.permissionId(),
        e.by(),
        place.at(),
        ms(remembered.expiresAt()),
        place.run());
  }

  /** What an allow after the step that the run goes back to has left behind for this run. */
  static void rolledBack(Statements sql, Projection.Place place, RunEvent.RunRolledback e)
      throws SQLException {
    sql.update(
        "UPDATE remembered SET revoked_at = ?, revoked_by = ?"
            + " WHERE run = ? AND scope = 'run' AND revoked_at IS NULL AND id IN"
            + " (SELECT json_extract(data, '$.remembered.ruleId') FROM events"
            + " WHERE run = ? AND seq > ? AND type = 'permission.decided')",
        place.at(),
        e.by(),
        place.run(),
        place.run(),
        e.toSeq());
  }

  private static @Nullable Long ms(@Nullable String time) {
    return time == null ? null : Long.valueOf(Instant.parse(time).toEpochMilli());
  }

  /** Those that hold in a run at this time, oldest first. */
  static List<Remembered> holding(Statements sql, String run, long nowMs) throws SQLException {
    return sql.list(
        "SELECT m.rule, m.permission FROM runs r JOIN remembered m"
            + " ON m.blueprint = r.blueprint AND m.project = r.project"
            + " WHERE r.id = ? AND m.revoked_at IS NULL"
            + " AND (m.expires_ms IS NULL OR m.expires_ms > ?)"
            + " AND (m.scope = 'blueprint' OR m.run = r.id) ORDER BY m.n LIMIT ?",
        row -> new Remembered(row.getString(1), row.getString(2)),
        run,
        nowMs,
        RuleStore.HOLDING_MAX);
  }
}
