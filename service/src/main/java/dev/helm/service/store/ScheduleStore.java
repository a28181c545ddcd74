package dev.helm.service.store;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Overlap;
import dev.helm.workflows.HelmJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Schedules in a table. What Temporal knows of them is made from it, never the other way round. */
public final class ScheduleStore {
  /** Most schedules of one project. */
  public static final int OF_PROJECT_MAX = 100;

  private static final String COLUMNS =
      "SELECT id, project, blueprint, cron, time_zone, overlap, catch_up_ms, input, prompt,"
          + " cap_micros, from_blueprint, principal, by_name, paused, note, created_at, changed_at,"
          + " since FROM schedules WHERE ";

  private static final TypeReference<Map<String, Object>> INPUT = new TypeReference<>() {};

  private final LogWriter writer;
  private final ReadPool reads;

  ScheduleStore(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  /**
   * What a schedule is to do.
   *
   * @param budgetUsd cap of each run, null for the blueprint's
   * @param fromBlueprint whether it stands in the blueprint, and goes when it stands there no more
   * @param principal id of the person or service token whose runs they are
   */
  public record Definition(
      String id,
      String project,
      String blueprint,
      String cron,
      String timeZone,
      Overlap overlap,
      long catchUpMs,
      Map<String, Object> input,
      @Nullable String prompt,
      @Nullable Usd budgetUsd,
      boolean fromBlueprint,
      String principal,
      String by) {
    /** As somebody else says it. */
    public Definition with(String newPrincipal, String newBy) {
      return new Definition(
          id,
          project,
          blueprint,
          cron,
          timeZone,
          overlap,
          catchUpMs,
          input,
          prompt,
          budgetUsd,
          fromBlueprint,
          newPrincipal,
          newBy);
    }

    boolean sameTimes(Definition other) {
      return cron.equals(other.cron) && timeZone.equals(other.timeZone);
    }
  }

  /**
   * A schedule.
   *
   * @param since fires of times before this are none
   */
  public record Stored(
      Definition is,
      boolean paused,
      @Nullable String note,
      String createdAt,
      String changedAt,
      String since) {
    /** Its name. */
    public String id() {
      return is.id();
    }
  }

  /** A name is taken by what the request is not about. */
  public static final class TakenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TakenException(String message) {
      super(message);
    }
  }

  /**
   * Makes a schedule, or with {@code replace} makes the one of that name what is said; one that
   * says the same already stays untouched, whoever said it. A pause stays.
   *
   * @throws TakenException when the name stands for another, or the project has too many
   */
  public Stored put(Definition wanted, boolean replace) {
    return writer.change(tx -> put(tx, wanted, replace));
  }

  private static Stored put(Tx tx, Definition wanted, boolean replace) throws SQLException {
    Stored before = one(tx.sql(), Access.system(), wanted.id());
    if (before == null) {
      refuseTooMany(tx, wanted.project());
      write(tx, new Stored(wanted, false, null, tx.now(), tx.now(), tx.now()));
    } else if (!replace || !before.is().blueprint().equals(wanted.blueprint())) {
      throw new TakenException("there is a schedule \"" + wanted.id() + "\" already");
    } else if (!wanted.equals(before.is().with(wanted.principal(), wanted.by()))) {
      write(
          tx,
          changed(
              tx,
              before,
              new Stored(wanted, before.paused(), before.note(), before.createdAt(), "", "")));
    }
    return Objects.requireNonNull(one(tx.sql(), Access.system(), wanted.id()));
  }

  /** Has the schedule that a blueprint brings be this one; null where it brings none. */
  static void follow(Tx tx, String blueprint, @Nullable Definition wanted) throws SQLException {
    if (wanted == null) {
      boolean unused = remove(tx, blueprint, "from_blueprint = 1 AND blueprint = id");
    } else {
      Stored unused = put(tx, wanted, true);
    }
  }

  /** Changes one, with nobody in between; null when there is none. */
  public @Nullable Stored change(String id, UnaryOperator<Stored> change) {
    return writer.change(
        tx -> {
          Stored before = one(tx.sql(), Access.system(), id);
          if (before == null) {
            return null;
          }
          Stored after = change.apply(before);
          if (!after.equals(before)) {
            write(tx, changed(tx, before, after));
          }
          return one(tx.sql(), Access.system(), id);
        });
  }

  /** Times that were nobody's wish when they came are not caught up with. */
  private static Stored changed(Tx tx, Stored before, Stored after) {
    boolean anew = !before.is().sameTimes(after.is()) || before.paused() && !after.paused();
    return new Stored(
        after.is(),
        after.paused(),
        after.note(),
        before.createdAt(),
        tx.now(),
        anew ? tx.now() : before.since());
  }

  private static void refuseTooMany(Tx tx, String project) throws SQLException {
    long there = tx.sql().number("SELECT count(*) FROM schedules WHERE project = ?", 0, project);
    if (there >= OF_PROJECT_MAX) {
      throw new TakenException("at most " + OF_PROJECT_MAX + " schedules in a project");
    }
  }

  private static void write(Tx tx, Stored s) throws SQLException {
    Definition is = s.is();
    Usd cap = is.budgetUsd();
    tx.sql()
        .update(
            "INSERT OR REPLACE INTO schedules (id, project, blueprint, cron, time_zone, overlap,"
                + " catch_up_ms, input, prompt, cap_micros, from_blueprint, principal, by_name,"
                + " paused, note, created_at, changed_at, since)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            is.id(),
            is.project(),
            is.blueprint(),
            is.cron(),
            is.timeZone(),
            is.overlap().word(),
            is.catchUpMs(),
            HelmJson.write(is.input()),
            is.prompt(),
            cap == null ? null : cap.micros(),
            is.fromBlueprint(),
            is.principal(),
            is.by(),
            s.paused(),
            s.note(),
            s.createdAt(),
            s.changedAt(),
            s.since());
  }

  /** Takes one away with its fires; false when there is none. Its runs go on. */
  public boolean remove(String id) {
    return writer.change(tx -> remove(tx, id, "TRUE"));
  }

  private static boolean remove(Tx tx, String id, String condition) throws SQLException {
    if (tx.sql().update("DELETE FROM schedules WHERE id = ? AND " + condition, id) == 0) {
      return false;
    }
    tx.sql().update("DELETE FROM schedule_fires WHERE schedule = ?", id);
    return true;
  }

  /** One that is seen, or null. */
  public @Nullable Stored find(Access access, String id) {
    return reads.read(sql -> one(sql, access, id));
  }

  static @Nullable Stored one(Statements sql, Access access, String id) throws SQLException {
    return sql.one(
        COLUMNS + access.condition("project") + " AND id = ?",
        ScheduleStore::stored,
        access.with(id));
  }

  /** Those that are seen, by name, after a name. */
  public List<Stored> list(Access access, String after, int limit) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS + access.condition("project") + " AND id > ? ORDER BY id LIMIT ?",
                ScheduleStore::stored,
                access.with(after, limit)));
  }

  /** All, for Helm's own upkeep. */
  public List<Stored> all() {
    return list(Access.system(), "", Integer.MAX_VALUE);
  }

  private static Stored stored(ResultSet row) throws SQLException {
    long micros = row.getLong(10);
    Usd cap = row.wasNull() ? null : new Usd(micros);
    return new Stored(
        new Definition(
            row.getString(1),
            row.getString(2),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            Overlap.of(row.getString(6)),
            row.getLong(7),
            HelmJson.mapper().convertValue(EventJson.tree(row.getString(8)), INPUT),
            row.getString(9),
            cap,
            row.getInt(11) == 1,
            row.getString(12),
            row.getString(13)),
        row.getInt(14) == 1,
        row.getString(15),
        row.getString(16),
        row.getString(17),
        row.getString(18));
  }
}
