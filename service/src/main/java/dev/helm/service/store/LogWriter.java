package dev.helm.service.store;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes the database, over one connection.
 *
 * <p>It takes what is queued, up to {@value #UNITS_MAX} units of work, writes them in one
 * transaction with a savepoint each, and answers them after the one fsync of its commit. A unit
 * that fails spoils no other. When the disk fails, all of the batch fails, nothing of it is stored,
 * the connection is given up, and the next batch starts on a new one: after a failed fsync nothing
 * that the old connection says can be believed.
 */
public final class LogWriter implements AutoCloseable {
  /** Most units of one transaction. */
  public static final int UNITS_MAX = 512;

  private static final Logger LOG = LoggerFactory.getLogger(LogWriter.class);
  private static final int QUEUE_MAX = 8192;
  private static final int QUEUE_WAIT_MS = 5_000;
  private static final int PROBE_EVERY_MS = 500;
  private static final int HEADS_CACHED_MAX = 4096;

  private final Database database;
  private final Clock clock;
  private final HeadsFile headsFile;
  private final Projection projection = new Projection();
  private final BlockingQueue<Pending<?>> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final List<CommitListener> listeners = new CopyOnWriteArrayList<>();
  private final Thread thread;
  private final Map<String, Head> heads =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Head> eldest) {
          return size() > HEADS_CACHED_MAX;
        }
      };
  private volatile StoreHealth health = StoreHealth.GOOD;
  private volatile boolean closing;
  private @Nullable Statements sql;
  private long pos;

  LogWriter(Database database, Clock clock, HeadsFile headsFile) {
    this.database = database;
    this.clock = clock;
    this.headsFile = headsFile;
    this.thread = Thread.ofPlatform().name("log-writer").daemon(true).unstarted(this::loop);
  }

  void start() {
    thread.start();
  }

  /** Adds a listener for events on disk. */
  public void onCommit(CommitListener listener) {
    listeners.add(listener);
  }

  /** Whether the last attempt to write worked. */
  public StoreHealth health() {
    return health;
  }

  /**
   * Does the work and waits until it is on disk.
   *
   * @throws LogUnavailableException when nothing could be stored; the work may be repeated
   * @throws RuntimeException what the work itself threw; nothing of it is stored
   */
  public <T extends @Nullable Object> T write(UnitOfWork<T> work) {
    CompletableFuture<T> done = submit(work);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return done.get();
        } catch (InterruptedException e) {
          // Giving up here would leave the caller with an unknown outcome; a commit is short.
          interrupted = true;
        } catch (ExecutionException e) {
          throw asUnchecked(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException asUnchecked(@Nullable Throwable cause) {
    return switch (cause) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null -> new StoreException("a write failed without a cause", null);
      default -> new StoreException("a write failed: " + cause.getMessage(), cause);
    };
  }

  /** Queues the work; the future ends after the commit, on the writer's thread. */
  public <T extends @Nullable Object> CompletableFuture<T> submit(UnitOfWork<T> work) {
    Pending<T> pending = new Pending<>(work);
    try {
      if (closing || !queue.offer(pending, QUEUE_WAIT_MS, TimeUnit.MILLISECONDS)) {
        pending.done.completeExceptionally(
            new LogUnavailableException(
                closing
                    ? "the store is closing; nothing was stored"
                    : "the writer has " + QUEUE_MAX + " units waiting; nothing was stored",
                null));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      pending.done.completeExceptionally(
          new LogUnavailableException("interrupted before it was queued; nothing was stored", e));
    }
    return pending.done;
  }

  private void loop() {
    List<Pending<?>> batch = new ArrayList<>(UNITS_MAX);
    while (!(closing && queue.isEmpty())) {
      try {
        Pending<?> first = queue.poll(PROBE_EVERY_MS, TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(first);
          queue.drainTo(batch, UNITS_MAX - 1);
          write(batch);
        } else if (!health.writable()) {
          write(batch);
        }
      } catch (InterruptedException e) {
        closing = true;
      } finally {
        batch.clear();
      }
    }
    giveUpConnection();
  }

  private void write(List<Pending<?>> batch) {
    Tx tx;
    try {
      tx = attempt(batch, false);
      if (tx == null) {
        // A unit failed, which is rare: once more, each behind a savepoint of its own.
        session().update("ROLLBACK");
        tx = attempt(batch, true);
      }
      if (tx == null) {
        throw new SQLException("a batch with savepoints did not end");
      }
      session().update("COMMIT");
    } catch (SQLException | RuntimeException | Error e) {
      fail(batch, e);
      return;
    }
    committed(batch, tx);
  }

  /** Runs the batch up to its commit; null when a unit failed and there are no savepoints. */
  private @Nullable Tx attempt(List<Pending<?>> batch, boolean savepoints) throws SQLException {
    Statements session = session();
    session.update("BEGIN IMMEDIATE");
    Tx tx = new Tx(session, Times.text(clock.instant()), projection, heads, pos);
    if (!health.writable()) {
      session.update("INSERT INTO probe VALUES (1, 1) ON CONFLICT DO UPDATE SET n = n + 1");
    }
    for (Pending<?> pending : batch) {
      if (savepoints) {
        pending.runAlone(tx);
      } else if (!pending.run(tx)) {
        return null;
      }
    }
    return tx;
  }

  private Statements session() throws SQLException {
    Statements open = sql;
    if (open == null) {
      open = new Statements(database.connect(false));
      sql = open;
      pos = open.number("SELECT max(pos) FROM events", 0);
    }
    return open;
  }

  private void committed(List<Pending<?>> batch, Tx tx) {
    pos = tx.pos();
    heads.putAll(tx.heads());
    if (!health.writable()) {
      LOG.info("the event log can be written again");
      health = StoreHealth.GOOD;
    }
    for (Pending<?> pending : batch) {
      pending.answer();
    }
    tell(tx);
    headsFile.append(tx.heads());
    try {
      headsFile.compactIfLarge(session());
    } catch (SQLException e) {
      LOG.warn("cannot read the heads: {}", e.getMessage());
    }
  }

  private void tell(Tx tx) {
    try {
      if (!tx.events().isEmpty()) {
        for (CommitListener listener : listeners) {
          listener.committed(tx.events());
        }
      }
      tx.after().forEach(Runnable::run);
    } catch (RuntimeException e) {
      LOG.error("a commit listener failed; the events are stored", e);
    }
  }

  private void fail(List<Pending<?>> batch, Throwable cause) {
    giveUpConnection();
    heads.clear();
    if (health.writable()) {
      LOG.error("the event log cannot be written: {}", Failures.reason(cause));
      health = new StoreHealth(false, Failures.reason(cause), Times.text(clock.instant()));
    } else {
      health = new StoreHealth(false, Failures.reason(cause), health.since());
    }
    for (Pending<?> pending : batch) {
      pending.done.completeExceptionally(Failures.unavailable(cause));
    }
  }

  private void giveUpConnection() {
    Statements open = sql;
    sql = null;
    if (open != null) {
      // Closing rolls back what the batch had begun.
      open.close();
    }
  }

  @Override
  public void close() {
    closing = true;
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    headsFile.close();
  }

  /** A unit with its answer, which is given after the commit. */
  private static final class Pending<T extends @Nullable Object> {
    final UnitOfWork<T> work;
    final CompletableFuture<T> done = new CompletableFuture<>();
    private @Nullable Runnable answer;

    Pending(UnitOfWork<T> work) {
      this.work = work;
    }

    /** False when the unit failed by its own fault. */
    boolean run(Tx tx) throws SQLException {
      try {
        T value = work.run(tx);
        tx.unitDone();
        answer = () -> done.complete(value);
        return true;
      } catch (SQLException | RuntimeException e) {
        if (Failures.ofEnvironment(e)) {
          throw e;
        }
        answer = () -> done.completeExceptionally(e);
        return false;
      }
    }

    void runAlone(Tx tx) throws SQLException {
      tx.sql().update("SAVEPOINT unit");
      if (!run(tx)) {
        tx.sql().update("ROLLBACK TO unit");
        tx.unitUndone();
      }
      tx.sql().update("RELEASE unit");
    }

    void answer() {
      Runnable now = answer;
      if (now != null) {
        now.run();
      }
    }
  }
}
