package dev.helm.service.store;

import dev.helm.activities.store.SnapshotIndex;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which snapshots a run has, and which step read or wrote a file. Callers have checked roles. */
public final class FileStore implements SnapshotIndex {
  private static final int TOUCHES_MAX = 20_000;
  private static final int TOUCHES_OF_A_FILE_MAX = 50;
  private static final String COLUMNS =
      "SELECT id, seq, kind, tree, at, tool_use_id, files, bytes, changed FROM snapshots ";

  private final ReadPool reads;

  FileStore(ReadPool reads) {
    this.reads = reads;
  }

  /**
   * A workspace as it was right after an event.
   *
   * @param kind {@code start taken undo restored}; the last is a rollback's return to another one
   * @param tree names it in the run's repository
   * @param toolUseId the call that changed it, null if none did
   */
  public record Snapshot(
      String id,
      long seq,
      String kind,
      String tree,
      String at,
      @Nullable String toolUseId,
      long files,
      long bytes,
      long changed) {}

  /** Seqs of the events that say that a file was read or written, newest last. */
  public record Touched(List<Long> readBy, List<Long> writtenBy) {}

  private static Snapshot read(ResultSet row) throws SQLException {
    return new Snapshot(
        row.getString(1),
        row.getLong(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getLong(7),
        row.getLong(8),
        row.getLong(9));
  }

  /** Snapshots after a seq, oldest first, without the returns to one. */
  public List<Snapshot> list(String run, long afterSeq, int limit) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS + "WHERE run = ? AND seq > ? AND kind <> 'restored' ORDER BY seq LIMIT ?",
                FileStore::read,
                run,
                afterSeq,
                limit));
  }

  /** The newest at or before a seq; null for a run that is older than snapshots are. */
  public @Nullable Snapshot at(String run, long seq) {
    return reads.read(sql -> at(sql, run, seq));
  }

  static @Nullable Snapshot at(Statements sql, String run, long seq) throws SQLException {
    // Of two at one seq the kind's name decides: what a rollback leaves comes after what was taken.
    return sql.one(
        COLUMNS + "WHERE run = ? AND seq <= ? ORDER BY seq DESC, kind DESC LIMIT 1",
        FileStore::read,
        run,
        seq);
  }

  /** The one with this id; null if the run has none. */
  public @Nullable Snapshot named(String run, String id) {
    return reads.read(
        sql ->
            sql.one(
                COLUMNS + "WHERE run = ? AND id = ? ORDER BY seq LIMIT 1",
                FileStore::read,
                run,
                id));
  }

  /** What the run began with. */
  public @Nullable Snapshot start(String run) {
    return reads.read(
        sql -> sql.one(COLUMNS + "WHERE run = ? AND kind = 'start'", FileStore::read, run));
  }

  @Override
  public @Nullable String newestTree(String run) {
    Snapshot newest = at(run, Long.MAX_VALUE);
    return newest == null ? null : newest.tree();
  }

  /** Newest seq of the run's log. */
  public long lastSeq(String run) {
    return reads.read(sql -> sql.number("SELECT max(seq) FROM events WHERE run = ?", 0, run));
  }

  /** Who read and wrote files up to a seq, by path. What shell commands read is not observed. */
  public Map<String, Touched> touched(String run, long seq) {
    record Row(long seq, boolean read, String path) {}
    List<Row> rows =
        reads.read(
            sql ->
                sql.list(
                    "SELECT seq, type = 'file.read', data ->> '$.path' FROM events WHERE run = ?"
                        + " AND seq <= ? AND type IN ('file.read', 'file.changed')"
                        + " ORDER BY seq DESC LIMIT "
                        + TOUCHES_MAX,
                    row -> new Row(row.getLong(1), row.getInt(2) == 1, row.getString(3)),
                    run,
                    seq));
    Map<String, Touched> touched = new HashMap<>();
    for (Row row : rows) {
      Touched file =
          touched.computeIfAbsent(
              row.path(), path -> new Touched(new ArrayList<>(), new ArrayList<>()));
      List<Long> seqs = row.read() ? file.readBy() : file.writtenBy();
      if (seqs.size() < TOUCHES_OF_A_FILE_MAX) {
        seqs.addFirst(row.seq());
      }
    }
    return touched;
  }
}
