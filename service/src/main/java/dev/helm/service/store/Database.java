package dev.helm.service.store;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code helm.db}: opens connections whose safeguards are set and checked, brings the
 * schema up to date, and lets in one writing process only.
 */
public final class Database implements AutoCloseable {
  /** How long a statement waits for a lock of another connection. */
  public static final int BUSY_TIMEOUT_MS = 2_000;

  private static final int SCHEMA_NEWEST = 15;

  /** The WAL file is cut back to this after a checkpoint. */
  private static final long WAL_BYTES_MAX = 64L << 20;

  private final Path home;
  private final Path file;
  private final RandomAccessFile lockFile;
  private final FileLock lock;
  private final File wal;
  private boolean settled;

  private Database(Path home, Path file, RandomAccessFile lockFile, FileLock lock) {
    this.home = home;
    this.file = file;
    this.lockFile = lockFile;
    this.lock = lock;
    this.wal = new File(file + "-wal");
  }

  /**
   * Opens the database of a home directory and makes it if needed.
   *
   * @throws StoreException when another process writes it, it is damaged or newer than this version
   */
  public static Database open(Path home) {
    Path file = home.resolve("helm.db");
    Database database = locked(home, file);
    try (Statements sql = new Statements(database.connect(false))) {
      // A former life may have died of a failed fsync: what its write-ahead log holds is copied
      // with an fsync of its own before anything is built on it.
      emptyWal(sql);
      database.check(sql);
      database.migrate(sql);
      // Closing would do it too, and keep to itself that it failed.
      database.settled = emptyWal(sql);
      return database;
    } catch (SQLException e) {
      database.close();
      throw new StoreException("cannot open " + file + ": " + Failures.text(e), e);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private static boolean emptyWal(Statements sql) throws SQLException {
    try {
      return sql.number("PRAGMA wal_checkpoint(TRUNCATE)", 1) == 0;
    } catch (SQLException e) {
      if (Failures.kind(e) == Failures.Kind.FULL) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Whether nothing is built on a write-ahead log that a former life may have left unsynced. If
   * not, because the disk is full or another program reads, it can be read and not yet written.
   */
  boolean settled() {
    return settled;
  }

  private static Database locked(Path home, Path file) {
    RandomAccessFile lockFile = null;
    try {
      lockFile = new RandomAccessFile(file + ".lock", "rw");
      FileLock lock = lockFile.getChannel().tryLock();
      if (lock != null) {
        return new Database(home, file, lockFile, lock);
      }
      lockFile.close();
    } catch (OverlappingFileLockException e) {
      closeQuietly(lockFile);
    } catch (IOException e) {
      closeQuietly(lockFile);
      throw new StoreException("cannot lock " + file + ": " + e.getMessage(), e);
    }
    throw new StoreException(
        "another Helm service writes " + file + "; stop it (helm down) before this one starts",
        null);
  }

  /** The folder of the database. */
  Path home() {
    return home;
  }

  /** The database file. */
  public Path file() {
    return file;
  }

  /**
   * A new connection with every safeguard on.
   *
   * @param readOnly for queries only
   * @throws SQLException when it cannot be opened or a safeguard did not take
   */
  public Connection connect(boolean readOnly) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout=" + BUSY_TIMEOUT_MS);
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute("PRAGMA foreign_keys=ON");
      statement.execute("PRAGMA recursive_triggers=ON");
      statement.execute("PRAGMA trusted_schema=OFF");
      statement.execute("PRAGMA journal_size_limit=" + WAL_BYTES_MAX);
      // The writer copies the log itself, so that it hears of an fsync that failed.
      statement.execute("PRAGMA wal_autocheckpoint=0");
      statement.execute("PRAGMA query_only=" + (readOnly ? "ON" : "OFF"));
      check(statement, readOnly);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static void check(Statement statement, boolean readOnly) throws SQLException {
    Map<String, String> wanted =
        Map.of(
            "journal_mode", "wal",
            "synchronous", "2",
            "foreign_keys", "1",
            "recursive_triggers", "1",
            "busy_timeout", String.valueOf(BUSY_TIMEOUT_MS),
            "query_only", readOnly ? "1" : "0");
    for (Map.Entry<String, String> pragma : wanted.entrySet()) {
      String found = text(statement, "PRAGMA " + pragma.getKey());
      if (!pragma.getValue().equals(found)) {
        throw new SQLException(
            "PRAGMA " + pragma.getKey() + " is " + found + ", wanted " + pragma.getValue());
      }
    }
  }

  /**
   * Reads the file through.
   *
   * @throws StoreException when it is damaged
   */
  void check(Statements sql) throws SQLException {
    String found = sql.one("PRAGMA quick_check(1)", row -> row.getString(1));
    if (!"ok".equals(found)) {
      throw new StoreException(
          file + " is damaged (" + found + "); restore it from a backup (helm restore)", null);
    }
  }

  /**
   * Makes the folder's entries durable. SQLite does so when it makes a write-ahead log, and keeps
   * to itself that it failed; the file could then be gone after a power cut.
   */
  void syncFolder() throws DiskErrorException {
    try (FileChannel folder = FileChannel.open(home, StandardOpenOption.READ)) {
      folder.force(true);
    } catch (IOException e) {
      throw new DiskErrorException("fsync of HELM_HOME: " + e.getMessage(), e);
    }
  }

  /** The disk failed outside of SQLite. */
  static final class DiskErrorException extends SQLException {
    private static final long serialVersionUID = 1;

    DiskErrorException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Length of the write-ahead log's file. */
  long walBytes() {
    return wal.length();
  }

  private void migrate(Statements sql) throws SQLException {
    try (Statement statement = sql.plain()) {
      int version = Integer.parseInt(String.valueOf(text(statement, "PRAGMA user_version")));
      if (version > SCHEMA_NEWEST) {
        throw new StoreException(
            file
                + " has schema version "
                + version
                + ", this Helm knows up to "
                + SCHEMA_NEWEST
                + "; start the newer Helm that wrote it",
            null);
      }
      for (int next = version + 1; next <= SCHEMA_NEWEST; next++) {
        statement.execute("BEGIN IMMEDIATE");
        for (String step : script(next)) {
          statement.execute(step);
        }
        statement.execute("PRAGMA user_version=" + next);
        statement.execute("COMMIT");
      }
    }
  }

  /** Makes all tables in an empty database. */
  static void schema(Statements sql) throws SQLException {
    try (Statement statement = sql.plain()) {
      for (int version = 1; version <= SCHEMA_NEWEST; version++) {
        for (String step : script(version)) {
          statement.execute(step);
        }
      }
    }
  }

  private static String[] script(int version) {
    String name = "/schema/%03d.sql".formatted(version);
    try (InputStream in = Database.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new StoreException("the schema file " + name + " is missing from this build", null);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip().split("\n--;\n?", 0);
    } catch (IOException e) {
      throw new StoreException("cannot read " + name, e);
    }
  }

  private static @Nullable String text(Statement statement, String sql) throws SQLException {
    try (ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : null;
    }
  }

  @Override
  public void close() {
    try {
      lock.release();
    } catch (IOException e) {
      // Closing the file below releases it too.
    }
    closeQuietly(lockFile);
  }

  private static void closeQuietly(@Nullable RandomAccessFile file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // Nothing is written through this handle.
    }
  }

  /** Whether a home directory has a database yet. */
  public static boolean exists(Path home) {
    return Files.exists(home.resolve("helm.db"));
  }
}
