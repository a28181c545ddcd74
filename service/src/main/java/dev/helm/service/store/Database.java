package dev.helm.service.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private static final int SCHEMA_NEWEST = 1;

  /** The WAL file is cut back to this after a checkpoint. */
  private static final long WAL_BYTES_MAX = 64L << 20;

  private final Path file;
  private final RandomAccessFile lockFile;
  private final FileLock lock;

  private Database(Path file, RandomAccessFile lockFile, FileLock lock) {
    this.file = file;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Opens the database of a home directory and makes it if needed.
   *
   * @throws StoreException when another process writes it, it is damaged or newer than this version
   */
  public static Database open(Path home) {
    Path file = home.resolve("helm.db");
    Database database = locked(file);
    try (Connection connection = database.connect(false)) {
      database.quickCheck(connection);
      database.migrate(connection);
      return database;
    } catch (SQLException e) {
      database.close();
      throw new StoreException("cannot open " + file + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private static Database locked(Path file) {
    RandomAccessFile lockFile = null;
    try {
      lockFile = new RandomAccessFile(file + ".lock", "rw");
      FileLock lock = lockFile.getChannel().tryLock();
      if (lock != null) {
        return new Database(file, lockFile, lock);
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

  private void quickCheck(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String found = text(statement, "PRAGMA quick_check(1)");
      if (!"ok".equals(found)) {
        throw new StoreException(
            file + " is damaged (" + found + "); restore it from a backup (helm restore)", null);
      }
    }
  }

  private void migrate(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
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
        for (String sql : script(next)) {
          statement.execute(sql);
        }
        statement.execute("PRAGMA user_version=" + next);
        statement.execute("COMMIT");
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
