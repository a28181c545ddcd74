package dev.helm.service.store;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Remembered rules in a table. */
final class SqliteRules implements RuleStore {
  private static final String COLUMNS =
      "SELECT n, id, rule, scope, run, blueprint, project, by_name, permission, remembered_at,"
          + " expires_ms, revoked_at, revoked_by FROM remembered WHERE ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;

  SqliteRules(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.reads = reads;
    this.clock = clock;
  }

  private record Row(long n, DecisionBodies.RememberedRule rule) {}

  @Override
  public Bodies.Page<DecisionBodies.RememberedRule> list(
      Access access,
      @Nullable String run,
      @Nullable String blueprint,
      int limit,
      @Nullable String cursor) {
    long before = Cursor.number("rules", cursor, Long.MAX_VALUE);
    List<Row> rows =
        reads.read(
            sql ->
                sql.list(
                    COLUMNS
                        + access.condition("project")
                        + " AND (? IS NULL OR run = ? OR scope = 'blueprint' AND blueprint ="
                        + " (SELECT r.blueprint FROM runs r WHERE r.id = ?))"
                        + " AND (? IS NULL OR blueprint = ?) AND n < ? ORDER BY n DESC LIMIT ?",
                    this::row,
                    access.with(
                        run, run, run, blueprint, blueprint, before, Cursor.limit(limit) + 1)));
    List<Row> page = rows.subList(0, Math.min(limit, rows.size()));
    return new Bodies.Page<>(
        page.stream().map(Row::rule).toList(),
        rows.size() > limit ? Cursor.of("rules", String.valueOf(page.getLast().n())) : null);
  }

  @Override
  public DecisionBodies.@Nullable RememberedRule find(Access access, String id) {
    Row found =
        reads.read(
            sql ->
                sql.one(
                    COLUMNS + access.condition("project") + " AND id = ?",
                    this::row,
                    access.with(id)));
    return found == null ? null : found.rule();
  }

  @Override
  public void revoke(String id, String by) {
    writer.change(
        tx ->
            tx.sql()
                .update(
                    "UPDATE remembered SET revoked_at = ?, revoked_by = ?"
                        + " WHERE id = ? AND revoked_at IS NULL",
                    tx.now(),
                    by,
                    id));
  }

  private Row row(ResultSet row) throws SQLException {
    long expiresMs = row.getLong(11);
    boolean expires = !row.wasNull();
    String revokedAt = row.getString(12);
    String state =
        revokedAt != null
            ? "revoked"
            : expires && expiresMs <= clock.millis() ? "expired" : "active";
    return new Row(
        row.getLong(1),
        new DecisionBodies.RememberedRule(
            row.getString(2),
            row.getString(3),
            row.getString(4),
            state,
            row.getString(5),
            row.getString(6),
            row.getString(7),
            row.getString(8),
            row.getString(9),
            row.getString(10),
            expires ? Times.text(Instant.ofEpochMilli(expiresMs)) : null,
            revokedAt,
            row.getString(13)));
  }
}
