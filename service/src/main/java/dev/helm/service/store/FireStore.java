package dev.helm.service.store;

import dev.helm.api.blueprint.Overlap;
import dev.helm.api.event.Content;
import dev.helm.api.rest.ScheduleBodies;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What came of schedules' fires. Whether a run is open and that another starts is one transaction,
 * and so is the fire with the run that it starts: a fire that comes twice starts once.
 */
public final class FireStore {
  /** A fire of the calendar. */
  public static final String SCHEDULE = "schedule";

  /** A fire that a person asked for. */
  public static final String TRIGGER = "trigger";

  public static final String STARTED = "started";
  public static final String WAITING = "waiting";
  public static final String SKIPPED = "skipped";
  public static final String MISSED = "missed";
  public static final String REFUSED = "refused";

  /** Most fires that are kept of a schedule, beside the calendar's last and those of open runs. */
  static final int KEPT_MAX = 200;

  private static final String ACTIVE = "('queued', 'running', 'paused')";
  private static final String COLUMNS =
      "SELECT f.n, f.schedule, f.key, f.scheduled_at, f.kind, f.outcome, f.run, r.status, f.missed,"
          + " f.reason, f.principal, f.by_name, f.at FROM schedule_fires f"
          + " LEFT JOIN runs r ON r.id = f.run WHERE ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final SqliteBlobs blobs;

  FireStore(LogWriter writer, ReadPool reads, SqliteBlobs blobs) {
    this.writer = writer;
    this.reads = reads;
    this.blobs = blobs;
  }

  /**
   * A fire.
   *
   * @param key its name among the schedule's fires
   * @param missed fires before it that came to nothing
   * @param principal who asked for it, null for the calendar
   */
  public record Due(
      String schedule,
      String key,
      String scheduledAt,
      String kind,
      int missed,
      @Nullable String principal,
      @Nullable String by) {}

  /** A fire and what came of it. */
  public record Row(long n, Due due, ScheduleBodies.Fire fire) {
    /** Whether this came of it. */
    public boolean is(String outcome) {
      return fire.outcome().equals(outcome);
    }
  }

  /**
   * Starts the run, or says why not, as the schedule's policy is at this moment. What came of the
   * fire before stays, unless it waited.
   *
   * @return null when the schedule is gone, or does not fire for such a time
   */
  public @Nullable Row start(Due due, RunQueries.NewRun run) {
    Content input = blobs.content(run.inputJson(), "application/json");
    Content prompt = NewRuns.prompt(blobs, run);
    return writer.change(
        tx -> {
          ScheduleStore.Stored schedule = wanted(tx, due);
          Row known = row(tx.sql(), due);
          if (schedule == null || known != null && !known.is(WAITING)) {
            return schedule == null ? null : known;
          }
          List<String> open = openRuns(tx.sql(), due.schedule());
          boolean another = anotherWaits(tx, due);
          Overlap overlap = schedule.is().overlap();
          if (overlap == Overlap.ALLOW_ALL || open.isEmpty() && !another) {
            NewRuns.insert(tx, run);
            tx.append(run.run(), NewRuns.created(run, input, prompt));
            write(tx, due, STARTED, run.run(), null);
          } else if (overlap == Overlap.SKIP) {
            String other = open.isEmpty() ? null : open.getFirst();
            write(tx, due, SKIPPED, other, "the run of an earlier fire was still open");
          } else if (another) {
            write(tx, due, SKIPPED, null, "another fire was waiting already");
          } else if (known == null) {
            write(tx, due, WAITING, null, "the run of an earlier fire was still open");
          }
          return row(tx.sql(), due);
        });
  }

  /** Says that no run comes of a fire; what came of it before stays, unless it waited. */
  public @Nullable Row end(Due due, String outcome, String reason) {
    return writer.write(
        tx -> {
          Row known = row(tx.sql(), due);
          boolean ends = known == null || known.is(WAITING);
          if (ends && (known != null || wanted(tx, due) != null)) {
            write(tx, due, outcome, null, reason);
          }
          return row(tx.sql(), due);
        });
  }

  private static ScheduleStore.@Nullable Stored wanted(Tx tx, Due due) throws SQLException {
    ScheduleStore.Stored schedule = ScheduleStore.one(tx.sql(), Access.system(), due.schedule());
    boolean wanted =
        schedule != null
            && (due.kind().equals(TRIGGER)
                || !schedule.paused() && due.scheduledAt().compareTo(schedule.since()) >= 0);
    return wanted ? schedule : null;
  }

  private static boolean anotherWaits(Tx tx, Due due) throws SQLException {
    return tx.sql()
            .number(
                "SELECT 1 FROM schedule_fires WHERE schedule = ? AND outcome = 'waiting'"
                    + " AND key <> ?",
                0,
                due.schedule(),
                due.key())
        == 1;
  }

  private static void write(
      Tx tx, Due due, String outcome, @Nullable String run, @Nullable String reason)
      throws SQLException {
    String told = told(tx, due, outcome);
    tx.sql()
        .update(
            "INSERT INTO schedule_fires (schedule, key, scheduled_at, kind, outcome, run, missed,"
                + " reason, principal, by_name, at, told)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT (schedule, key) DO UPDATE SET outcome = excluded.outcome,"
                + " run = excluded.run, reason = excluded.reason, at = excluded.at,"
                + " told = coalesce(told, excluded.told)",
            due.schedule(),
            due.key(),
            due.scheduledAt(),
            due.kind(),
            outcome,
            run,
            due.missed(),
            reason,
            due.principal(),
            due.by(),
            tx.now(),
            told);
    tx.sql()
        .update(
            "DELETE FROM schedule_fires WHERE schedule = ? AND outcome <> 'waiting' AND n <="
                + " (SELECT n FROM schedule_fires WHERE schedule = ? ORDER BY n DESC"
                + " LIMIT 1 OFFSET "
                + KEPT_MAX
                + ") AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = schedule_fires.run"
                + " AND status IN "
                + ACTIVE
                // What was missed is counted from the newest time of the calendar.
                + ") AND n <> coalesce((SELECT n FROM schedule_fires WHERE schedule = ?"
                + " AND kind = 'schedule' ORDER BY scheduled_at DESC LIMIT 1), -1)",
            due.schedule(),
            due.schedule(),
            due.schedule());
  }

  /**
   * People hear of the first of a row of skipped fires, and once of an absence; who asked for a
   * fire has the answer.
   */
  private static @Nullable String told(Tx tx, Due due, String outcome) throws SQLException {
    if (due.kind().equals(TRIGGER)) {
      return null;
    }
    boolean came = outcome.equals(STARTED) || outcome.equals(WAITING);
    String before =
        tx.sql()
            .one(
                "SELECT outcome FROM schedule_fires WHERE schedule = ? AND key <> ?"
                    + " AND kind = 'schedule' ORDER BY n DESC LIMIT 1",
                row -> row.getString(1),
                due.schedule(),
                due.key());
    boolean again = outcome.equals(before) && !outcome.equals(MISSED);
    boolean absent = due.missed() > 0 && !(came && MISSED.equals(before));
    return absent || !came && !again ? "open" : null;
  }

  /** What came of a fire, or null for nothing yet. */
  public @Nullable Row find(Due due) {
    return reads.read(sql -> row(sql, due));
  }

  private static @Nullable Row row(Statements sql, Due due) throws SQLException {
    return sql.one(
        COLUMNS + "f.schedule = ? AND f.key = ?", FireStore::read, due.schedule(), due.key());
  }

  /** Runs that the schedule started and that have not ended, oldest first. */
  public List<String> openRuns(String schedule) {
    return reads.read(sql -> openRuns(sql, schedule));
  }

  private static List<String> openRuns(Statements sql, String schedule) throws SQLException {
    return sql.list(
        "SELECT r.id FROM schedule_fires f JOIN runs r ON r.id = f.run WHERE f.schedule = ?"
            + " AND f.outcome = 'started' AND r.status IN "
            + ACTIVE
            + " ORDER BY r.n",
        row -> row.getString(1),
        schedule);
  }

  /** Fires that wait for an open run to end. */
  public List<Row> waiting() {
    return reads.read(
        sql -> sql.list(COLUMNS + "f.outcome = 'waiting' ORDER BY f.n", FireStore::read));
  }

  /** The newest fires first. */
  public List<ScheduleBodies.Fire> newest(String schedule, int limit) {
    return reads
        .read(
            sql ->
                sql.list(
                    COLUMNS + "f.schedule = ? ORDER BY f.n DESC LIMIT ?",
                    FireStore::read,
                    schedule,
                    limit))
        .stream()
        .map(Row::fire)
        .toList();
  }

  /** The newest time of the calendar that something came of, or null. */
  public @Nullable String lastTime(String schedule) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT scheduled_at FROM schedule_fires WHERE schedule = ?"
                    + " AND kind = 'schedule' ORDER BY scheduled_at DESC LIMIT 1",
                row -> row.getString(1),
                schedule));
  }

  /** Fires that people are to be told of, oldest first. */
  public List<Row> untold(int limit) {
    return reads.read(
        sql -> sql.list(COLUMNS + "f.told = 'open' ORDER BY f.n LIMIT ?", FireStore::read, limit));
  }

  /** What came of telling people of a fire. */
  public enum Told {
    SENT,
    FAILED,
    /** There is nobody to tell. */
    NOBODY
  }

  /** Whether people heard of a fire. */
  public void told(long n, Told told) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "UPDATE schedule_fires SET told = ? WHERE n = ?",
                    told.name().toLowerCase(Locale.ROOT),
                    n));
  }

  private static Row read(ResultSet row) throws SQLException {
    String by = row.getString(12);
    Due due =
        new Due(
            row.getString(2),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getInt(9),
            row.getString(11),
            by);
    return new Row(
        row.getLong(1),
        due,
        new ScheduleBodies.Fire(
            due.scheduledAt(),
            due.kind(),
            Objects.requireNonNull(row.getString(6)),
            row.getString(7),
            row.getString(8),
            due.missed(),
            row.getString(10),
            by,
            row.getString(13)));
  }
}
