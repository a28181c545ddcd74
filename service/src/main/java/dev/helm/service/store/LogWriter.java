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
 * that fails spoils no other. When the disk fails, all of the batch fails and nothing of it is
 * stored: {@link Gate} says what may be tried after that.
 */
public final class LogWriter implements AutoCloseable {
  /** Most units of one transaction. */
  public static final int UNITS_MAX = 512;

  private static final Logger LOG = LoggerFactory.getLogger(LogWriter.class);
  private static final int QUEUE_MAX = 8192;
  private static final int QUEUE_WAIT_MS = 5_000;
  private static final int PROBE_EVERY_MS = 500;
  private static final int HEADS_CACHED_MAX = 4096;

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
  private final WriteSession session;
  private final Gate gate;
  private volatile boolean closing;

  LogWriter(Database database, ReadPool reads, Clock clock, HeadsFile headsFile) {
    this.clock = clock;
    this.headsFile = headsFile;
    this.session = new WriteSession(database);
    this.gate = new Gate(database, reads, session, headsFile, clock);
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
    return gate.health();
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

  /**
   * As {@link #write}, for what a person asks for: if the work changes anything, the audit log's
   * entry about it is in the same transaction.
   */
  public <T extends @Nullable Object> T change(UnitOfWork<T> work) {
    Change change = Change.atWork();
    if (change == null) {
      return write(work);
    }
    boolean[] told = new boolean[1];
    T done = write(tx -> change.run(tx, work, told));
    if (told[0]) {
      change.committed();
    }
    return done;
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
        }
        guarded(batch);
      } catch (InterruptedException e) {
        closing = true;
      } finally {
        batch.clear();
      }
    }
    gate.end();
  }

  /** Whatever is thrown, the thread goes on and everybody is answered. */
  private void guarded(List<Pending<?>> batch) {
    try {
      round(batch);
    } catch (RuntimeException | Error e) {
      LOG.error("the writer failed and goes on", e);
      try {
        failed(e);
      } catch (RuntimeException | Error again) {
        LOG.error("the writer's connection could not be closed", again);
      }
      refuse(batch, Failures.unavailable(e));
    }
  }

  /** What goes before the batch's own units is the gate's: nothing is written past it. */
  private void round(List<Pending<?>> batch) {
    switch (gate.ask()) {
      case Gate.Answer.Open open -> {
        if (!batch.isEmpty()) {
          write(batch, null);
        }
      }
      case Gate.Answer.First first -> {
        Pending<?> own = new Pending<>(first.unit());
        batch.addFirst(own);
        write(batch, own);
      }
      case Gate.Answer.Last last -> {
        Pending<?> own = new Pending<>(last.unit());
        write(List.of(own), own);
        refuse(batch, gate.refusal());
      }
      case Gate.Answer.Shut shut -> refuse(batch, gate.refusal());
    }
  }

  private static void refuse(List<Pending<?>> batch, LogUnavailableException why) {
    for (Pending<?> pending : batch) {
      pending.done.completeExceptionally(why);
    }
  }

  private void write(List<Pending<?>> batch, @Nullable Pending<?> own) {
    Tx tx;
    try {
      tx = attempt(batch, false);
      if (tx == null) {
        // A unit failed, which is rare: once more, each behind a savepoint of its own.
        session.sql().update("ROLLBACK");
        tx = attempt(batch, true);
      }
      if (tx == null) {
        throw new SQLException("a batch with savepoints did not end");
      }
      Throwable unsaid = own == null ? null : own.failure();
      if (unsaid != null) {
        // Attack: an outage leaves no trace, since its note failed and the rest was written.
        throw new StoreException("an outage cannot be noted: " + Failures.reason(unsaid), unsaid);
      }
      session.sql().update("COMMIT");
    } catch (SQLException | RuntimeException | Error e) {
      failed(e);
      refuse(batch, Failures.unavailable(e));
      return;
    }
    committed(batch, tx);
  }

  /** Runs the batch up to its commit; null when a unit failed and there are no savepoints. */
  private @Nullable Tx attempt(List<Pending<?>> batch, boolean savepoints) throws SQLException {
    Statements sql = session.sql();
    sql.update("BEGIN IMMEDIATE");
    Tx tx = new Tx(sql, Times.text(clock.instant()), projection, heads, session.pos());
    for (Pending<?> pending : batch) {
      if (savepoints) {
        pending.runAlone(tx);
      } else if (!pending.run(tx)) {
        return null;
      }
    }
    return tx;
  }

  private void committed(List<Pending<?>> batch, Tx tx) {
    session.pos(tx.pos());
    heads.putAll(tx.heads());
    gate.worked();
    for (Pending<?> pending : batch) {
      pending.answer();
    }
    tell(tx);
    headsFile.append(tx.heads());
    try {
      headsFile.compactIfLarge(session.sql());
      session.checkpointIfDue();
    } catch (SQLException | RuntimeException e) {
      failed(e);
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

  private void failed(Throwable cause) {
    session.close();
    heads.clear();
    gate.failed(cause);
  }

  @Override
  public void close() {
    closing = true;
    // It looks up only twice a second where nothing comes; a full queue wakes it anyway.
    boolean unused = queue.offer(new Pending<>(_ -> 0));
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
}
