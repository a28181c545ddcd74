package dev.helm.service.store;

import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.workflows.HelmJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Runs, read by REST. */
final class SqliteRunQueries implements RunQueries {
  private static final Duration REQUEST_KEPT = Duration.ofHours(24);
  private static final int AMBIGUOUS_SHOWN = 10;
  private static final String COLUMNS =
      "SELECT id, name, status, blueprint, blueprint_version, project, by_name, practice,"
          + " cap_micros, spent_micros, input_tokens, output_tokens,"
          + " (SELECT max(seq) FROM events e WHERE e.run = r.id), epoch, created_at, started_at,"
          + " finished_at, waiting_for, waiting_since, reason, idle_ms, n FROM runs r ";
  private static final String ACTIVE = " status IN ('queued', 'running', 'paused') ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final SqliteBlobs blobs;
  private final Clock clock;

  SqliteRunQueries(LogWriter writer, ReadPool reads, SqliteBlobs blobs, Clock clock) {
    this.writer = writer;
    this.reads = reads;
    this.blobs = blobs;
    this.clock = clock;
  }

  private record Row(Bodies.Run run, long n) {}

  @Override
  public Created create(NewRun run) {
    Content input = blobs.content(run.inputJson(), "application/json");
    Content prompt = NewRuns.prompt(blobs, run);
    String oldest = Times.text(clock.instant().minus(REQUEST_KEPT));
    return writer.change(
        tx -> {
          String known = NewRuns.known(tx, run, oldest);
          if (known == null) {
            NewRuns.insert(tx, run);
            tx.append(run.run(), NewRuns.created(run, input, prompt));
          }
          Row row = row(tx.sql(), Access.system(), known == null ? run.run() : known);
          if (row == null) {
            throw new IllegalStateException("the run " + run.run() + " was not stored");
          }
          return new Created(row.run(), known == null);
        });
  }

  @Override
  public Bodies.@Nullable Run run(Access access, String run) {
    return reads.read(
        sql -> {
          Row row = row(sql, access, run);
          return row == null ? null : row.run();
        });
  }

  /** The card of a run that is there. */
  static Bodies.Run card(Statements sql, String run) throws SQLException {
    Row row = row(sql, Access.system(), run);
    if (row == null) {
      throw new IllegalStateException("the run " + run + " was not stored");
    }
    return row.run();
  }

  private static @Nullable Row row(Statements sql, Access access, String run) throws SQLException {
    return sql.one(
        COLUMNS + "WHERE " + access.condition("project") + " AND id = ?",
        SqliteRunQueries::read,
        access.with(run));
  }

  private static Row read(ResultSet row) throws SQLException {
    return new Row(
        new Bodies.Run(
            row.getString(1),
            row.getString(2),
            RunStatus.of(row.getString(3)),
            Blueprint.reference(row.getString(4), row.getInt(5)),
            row.getString(6),
            row.getString(7),
            row.getInt(8) == 1,
            new Usd(row.getLong(9)),
            new Usd(row.getLong(10)),
            row.getLong(11),
            row.getLong(12),
            row.getLong(13),
            row.getInt(14),
            row.getString(15),
            row.getString(16),
            row.getString(17),
            row.getString(18),
            row.getString(19),
            row.getString(20),
            row.getLong(21)),
        row.getLong(22));
  }

  @Override
  public Bodies.Page<Bodies.Run> list(Access access, Filter filter) {
    int limit = Cursor.limit(filter.limit());
    StringBuilder where = new StringBuilder("WHERE " + access.condition("project") + " AND n < ?");
    List<@Nullable Object> values = new ArrayList<>();
    values.add(Cursor.number("runs", filter.cursor(), Long.MAX_VALUE));
    if (!filter.statuses().isEmpty()) {
      where.append(" AND status IN (").append("?,".repeat(filter.statuses().size()));
      where.setCharAt(where.length() - 1, ')');
      filter.statuses().stream().sorted().forEach(status -> values.add(status.word()));
    }
    if (filter.blueprint() != null) {
      where.append(" AND ? IN (blueprint, blueprint || '@' || blueprint_version)");
      values.add(filter.blueprint());
    }
    if (filter.q() != null) {
      where.append(
          " AND (instr(lower(name || ' ' || id || ' ' || blueprint || ' ' || coalesce(prompt, '')),"
              + " ?) > 0 OR id IN (SELECT value FROM json_each(?)))");
      values.add(filter.q().toLowerCase(Locale.ROOT));
      values.add(HelmJson.write(new TreeSet<>(filter.found())));
    }
    only(where, values, " AND project = ?", filter.project());
    only(where, values, " AND created_at >= ?", filter.since());
    only(where, values, " AND created_at < ?", filter.until());
    values.add(limit + 1);
    List<Row> rows =
        reads.read(
            sql ->
                sql.list(
                    COLUMNS + where + " ORDER BY n DESC LIMIT ?",
                    SqliteRunQueries::read,
                    access.with(values.toArray())));
    List<Row> page = rows.subList(0, Math.min(limit, rows.size()));
    return new Bodies.Page<>(
        page.stream().map(Row::run).toList(),
        rows.size() > limit ? Cursor.of("runs", String.valueOf(page.getLast().n())) : null);
  }

  private static void only(
      StringBuilder where,
      List<@Nullable Object> values,
      String condition,
      @Nullable String value) {
    if (value != null) {
      where.append(condition);
      values.add(value);
    }
  }

  @Override
  public int activeRuns(Access access) {
    return reads.read(
        sql ->
            (int)
                sql.number(
                    "SELECT count(*) FROM runs WHERE "
                        + access.condition("project")
                        + " AND"
                        + ACTIVE,
                    0,
                    access.with()));
  }

  @Override
  public List<String> activeRunIds() {
    return reads.read(
        sql ->
            sql.list("SELECT id FROM runs WHERE" + ACTIVE + "ORDER BY n", row -> row.getString(1)));
  }

  @Override
  public List<Quiet> quiet() {
    return reads.read(
        sql ->
            sql.list(
                "SELECT r.id, e.seq, e.at, e.type,"
                    + " coalesce(b.body ->> '$.limits.stallAfterMs', ?)"
                    + " FROM runs r JOIN blueprints b ON b.name = r.blueprint"
                    + " AND b.version = r.blueprint_version JOIN events e ON e.run = r.id"
                    + " AND e.seq = (SELECT l.seq FROM events l WHERE l.run = r.id AND l.type"
                    + " NOT IN ('run.stalled', 'notification.sent') ORDER BY l.seq DESC LIMIT 1)"
                    + " WHERE r.status = 'running' AND NOT EXISTS (SELECT 1 FROM events s"
                    + " WHERE s.run = r.id AND s.key = 'stalled/' || e.seq)",
                row ->
                    new Quiet(
                        row.getString(1),
                        row.getLong(2),
                        row.getString(3),
                        row.getString(4),
                        row.getLong(5)),
                Blueprint.Defaults.STALL_AFTER.toMillis()));
  }

  @Override
  public Resolved resolve(Access access, String prefix) {
    if (!dev.helm.api.RunId.isPrefix(prefix)) {
      return new Resolved.None();
    }
    // 'g' is the first character after the hex digits, so this is a range of the primary key.
    List<String> found =
        reads.read(
            sql ->
                sql.list(
                    "SELECT id FROM runs WHERE "
                        + access.condition("project")
                        + " AND id >= ? AND id < ? ORDER BY id LIMIT ?",
                    row -> row.getString(1),
                    access.with(prefix, prefix + "g", AMBIGUOUS_SHOWN)));
    return switch (found.size()) {
      case 0 -> new Resolved.None();
      case 1 -> new Resolved.One(found.getFirst());
      default -> new Resolved.Ambiguous(found);
    };
  }

  @Override
  public Bodies.Events events(Access access, String run, long after, int limit, Set<String> types) {
    Cursor.limit(limit);
    List<@Nullable Object> values = new ArrayList<>(List.of(run, after));
    StringBuilder where = new StringBuilder(" FROM events WHERE run = ? AND seq > ?");
    if (!types.isEmpty()) {
      where.append(" AND type IN (").append("?,".repeat(types.size()));
      where.setCharAt(where.length() - 1, ')');
      types.stream().sorted().forEach(values::add);
    }
    values.add(limit);
    return reads.read(
        sql -> {
          if (!sees(sql, access, run)) {
            return new Bodies.Events(List.of(), 0);
          }
          List<LoggedEvent> items =
              sql.list(
                  "SELECT " + EventJson.COLUMNS + where + " ORDER BY seq LIMIT ?",
                  EventJson::logged,
                  values.toArray());
          long last = sql.number("SELECT max(seq) FROM events WHERE run = ?", 0, run);
          return new Bodies.Events(items, last);
        });
  }

  private static boolean sees(Statements sql, Access access, String run) throws SQLException {
    String condition = access.condition("project");
    return sql.number("SELECT 1 FROM runs WHERE " + condition + " AND id = ?", 0, access.with(run))
        == 1;
  }

  @Override
  public @Nullable Started started(String run) {
    record Kept(String name, int version, int epoch, String input, @Nullable String prompt) {}
    return reads.read(
        sql -> {
          Kept kept =
              sql.one(
                  "SELECT blueprint, blueprint_version, epoch, input, prompt FROM runs WHERE id = ?",
                  row ->
                      new Kept(
                          row.getString(1),
                          row.getInt(2),
                          row.getInt(3),
                          row.getString(4),
                          row.getString(5)),
                  run);
          if (kept == null) {
            return null;
          }
          Blueprint.Stored stored =
              SqliteBlueprints.version(sql, Access.system(), kept.name(), kept.version());
          return stored == null
              ? null
              : new Started(stored, kept.epoch(), EventJson.tree(kept.input()), kept.prompt());
        });
  }
}
