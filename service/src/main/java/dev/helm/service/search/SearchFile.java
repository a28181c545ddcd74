package dev.helm.service.search;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The file {@code search.db}: all of it can be made again from the log. */
class SearchFile {
  /** Raised whenever the same event would be indexed otherwise. */
  private static final int VERSION = 1;

  private static final int BUSY_TIMEOUT_MS = 5_000;
  private static final long FREE_BYTES_MIN = 256L << 20;

  /** Columns that are read for every hit stand before the text, which may be long. */
  private static final List<String> SCHEMA =
      List.of(
          "CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), pos INTEGER NOT NULL,"
              + " hash TEXT NOT NULL) STRICT",
          "INSERT INTO state VALUES (1, 0, '')",
          "CREATE TABLE runs (id TEXT PRIMARY KEY, name TEXT NOT NULL, project TEXT NOT NULL)"
              + " STRICT, WITHOUT ROWID",
          "CREATE TABLE event_blobs (sha256 TEXT NOT NULL, pos INTEGER NOT NULL,"
              + " PRIMARY KEY (sha256, pos)) STRICT, WITHOUT ROWID",
          "CREATE TABLE erased (sha256 TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
          "CREATE VIRTUAL TABLE words USING fts5(run UNINDEXED, seq UNINDEXED, type UNINDEXED,"
              + " agent UNINDEXED, at UNINDEXED, text, tags, columnsize = 0, prefix = '2 3',"
              + " tokenize = 'unicode61 remove_diacritics 2')",
          // What is erased is not to stay in the index's pages either.
          "INSERT INTO words (words, rank) VALUES ('secure-delete', 1)",
          "PRAGMA user_version = " + VERSION);

  private final Path file;

  SearchFile(Path home) {
    this.file = home.resolve("search.db");
  }

  /** How far the index has come: the log's position, and the hash of the event there. */
  record Reached(long pos, String hash) {}

  Connection connect(boolean readOnly) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout=" + BUSY_TIMEOUT_MS);
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=NORMAL");
      statement.execute("PRAGMA secure_delete=ON");
      statement.execute("PRAGMA trusted_schema=OFF");
      statement.execute("PRAGMA query_only=" + (readOnly ? "ON" : "OFF"));
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** For writing, with its tables; what another version made is made anew. */
  Connection open() throws SQLException, IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Connection connection = connect(false);
    try {
      long version = number(connection, "PRAGMA user_version");
      if (version == VERSION) {
        return connection;
      }
      connection.close();
      delete();
      connection = connect(false);
      make(connection);
      return connection;
    } catch (SQLException | IOException e) {
      connection.close();
      throw e;
    }
  }

  private static void make(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("BEGIN IMMEDIATE");
      for (String step : SCHEMA) {
        statement.execute(step);
      }
      statement.execute("COMMIT");
    }
  }

  static Reached reached(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pos, hash FROM state")) {
      if (!row.next()) {
        throw new SQLiteException("state is empty", SQLiteErrorCode.SQLITE_CORRUPT);
      }
      return new Reached(row.getLong(1), row.getString(2));
    }
  }

  static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getLong(1) : 0;
    }
  }

  /** The log needs the disk more than its index does. */
  void checkRoom() throws IOException {
    long free = Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace();
    if (free < FREE_BYTES_MIN) {
      throw new IOException("less than " + (FREE_BYTES_MIN >> 20) + " MB are free on its disk");
    }
  }

  void delete() throws IOException {
    for (String ending : List.of("", "-wal", "-shm", "-journal")) {
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + ending));
    }
  }

  /** A file that was taken away is opened as an empty one. */
  private static boolean isIncomplete(SQLiteException failure) {
    return String.valueOf(failure.getMessage()).contains("no such table");
  }

  /** Whether the file itself is at fault, so that making it anew helps. */
  static boolean isDamaged(@Nullable Throwable failure) {
    if (!(failure instanceof SQLiteException sqlite)) {
      return false;
    }
    // The lower byte is the kind; others are refinements.
    int kind = sqlite.getResultCode().code & 0xff;
    return kind == SQLiteErrorCode.SQLITE_CORRUPT.code
        || kind == SQLiteErrorCode.SQLITE_NOTADB.code
        || isIncomplete(sqlite)
        || kind == SQLiteErrorCode.SQLITE_CONSTRAINT.code
        || kind == SQLiteErrorCode.SQLITE_MISMATCH.code;
  }
}
