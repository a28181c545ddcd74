package dev.helm.service.store;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import java.sql.SQLException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A few read-only connections. */
final class ReadPool implements AutoCloseable {
  private static final int CONNECTIONS_MAX = 4;
  private static final int WAIT_MS = 10_000;

  private final Database database;

  /** Fair: else readers that keep coming would let no pause through. */
  private final Semaphore permits = new Semaphore(CONNECTIONS_MAX, true);

  private final ConcurrentLinkedDeque<Statements> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  ReadPool(Database database) {
    this.database = database;
  }

  /** Queries of one read. */
  @FunctionalInterface
  interface Query<T extends @Nullable Object> {
    T run(Statements sql) throws SQLException;
  }

  /**
   * Runs a query.
   *
   * @throws LogUnavailableException when the database cannot be read
   */
  <T extends @Nullable Object> T read(Query<T> query) {
    acquire(1);
    Statements sql = null;
    boolean good = false;
    try {
      sql = idle.pollFirst();
      if (sql == null) {
        sql = new Statements(database.connect(true));
      }
      T found = query.run(sql);
      good = true;
      return found;
    } catch (SQLException e) {
      throw new LogUnavailableException(
          "the database cannot be read (" + Failures.reason(e) + "); see helm doctor", e);
    } finally {
      giveBack(sql, good);
      permits.release();
    }
  }

  private void giveBack(@Nullable Statements sql, boolean good) {
    if (sql == null) {
      return;
    }
    if (good && !closed) {
      idle.addFirst(sql);
    } else {
      sql.close();
    }
  }

  private void acquire(int count) {
    try {
      if (!closed && permits.tryAcquire(count, WAIT_MS, TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new LogUnavailableException(
        closed ? "the store is closed" : "no connection for reading became free", null);
  }

  /** While it is open nobody reads, and no connection for reading is. */
  interface Pause extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Waits for those who read, closes all connections, and lets nobody read until the pause ends.
   *
   * @throws LogUnavailableException when a read goes on for too long
   */
  Pause pause() {
    acquire(CONNECTIONS_MAX);
    closeIdle();
    return () -> permits.release(CONNECTIONS_MAX);
  }

  @Override
  public void close() {
    closed = true;
    closeIdle();
  }

  private void closeIdle() {
    for (Statements sql = idle.pollFirst(); sql != null; sql = idle.pollFirst()) {
      sql.close();
    }
  }
}
