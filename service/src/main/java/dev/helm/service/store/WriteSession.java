package dev.helm.service.store;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The writer's one connection, and the write-ahead log that only it cuts back. */
final class WriteSession {
  /** Frames (pages of 4 KiB) after which the log is copied into the database. */
  private static final long FRAMES_DUE = 1_000;

  private final Database database;
  private @Nullable Statements sql;
  private long pos;

  WriteSession(Database database) {
    this.database = database;
  }

  Statements sql() throws SQLException {
    Statements open = sql;
    if (open == null) {
      open = new Statements(database.connect(false));
      sql = open;
      pos = open.number("SELECT max(pos) FROM events", 0);
      database.syncFolder();
    }
    return open;
  }

  /** The last position on disk; ask {@link #sql} first. */
  long pos() {
    return pos;
  }

  void pos(long committed) {
    pos = committed;
  }

  private record Wal(long busy, long frames, long copied) {}

  private Wal wal(String mode) throws SQLException {
    Wal found =
        sql()
            .one(
                "PRAGMA wal_checkpoint(" + mode + ")",
                row -> new Wal(row.getLong(1), row.getLong(2), row.getLong(3)));
    return found == null ? new Wal(1, 0, 0) : found;
  }

  /**
   * Copies the write-ahead log into the database when it is long enough. SQLite would do it by
   * itself inside of COMMIT, and keep to itself that an fsync of the database failed.
   */
  void checkpointIfDue() throws SQLException {
    Wal now = wal("NOOP");
    if (now.frames() - now.copied() >= FRAMES_DUE) {
      wal("PASSIVE");
    }
  }

  /** Whether a part of the write-ahead log cannot be copied, since someone reads an older state. */
  boolean heldByReader() throws SQLException {
    Wal now = wal("NOOP");
    return now.frames() > now.copied();
  }

  /** Whether the whole write-ahead log could be copied and emptied: nobody else was reading it. */
  boolean emptyWal() throws SQLException {
    return wal("TRUNCATE").busy() == 0;
  }

  /** Closing rolls back what was begun. */
  void close() {
    Statements open = sql;
    sql = null;
    if (open != null) {
      open.close();
    }
  }
}
