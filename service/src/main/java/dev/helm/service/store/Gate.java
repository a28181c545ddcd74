package dev.helm.service.store;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import java.sql.SQLException;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before the writer and says whether anything may be written now. All is asked by the
 * writer's thread; only {@link #health} is read by others.
 *
 * <ul>
 *   <li><b>open</b>: each batch is written.
 *   <li><b>held</b>: the disk is full, the file locked or read-only. Without room nothing is tried;
 *       else each batch, and an empty one twice a second, is an attempt. The first that works
 *       opens.
 *   <li><b>stopped</b>: the disk reported an error. Nothing is tried on what is open; every {@value
 *       #REOPEN_EVERY_MS} ms all connections are closed and the database is opened and checked as
 *       at a start. Only then does a commit open the gate.
 * </ul>
 */
final class Gate {
  static final int REOPEN_EVERY_MS = 5_000;

  /** Past this someone else's long read is told; past the second one nothing is written. */
  static final long WAL_BYTES_TOLD = 80L << 20;

  static final long WAL_BYTES_MAX = 512L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(Gate.class);
  private static final String READER =
      "another program keeps reading helm.db, so that helm.db-wal cannot be cut back (%d MB). To"
          + " mend it: end that program (fuser helm.db names it)";

  private static final String NOT_SETTLED =
      "the event log cannot be written: the disk is full, or another program reads helm.db, so that"
          + " what the last start left could not be settled. To mend it: free disk space, end that"
          + " program. Helm goes on by itself";

  private static final String GOES_ON = ". Nothing was stored; Helm goes on by itself";

  private final Database database;
  private final ReadPool reads;
  private final WriteSession session;
  private final HeadsFile heads;
  private final Clock clock;
  private final DiskSpace space;

  private enum State {
    OPEN,
    HELD,
    STOPPED
  }

  private State state = State.OPEN;

  /** Whether the runs' logs tell all that has to be told of the outage so far. */
  private boolean noted = true;

  /** Whether the batch at work is the note that Helm stops here. */
  private boolean noting;

  private boolean lookedForHeld;
  private long reopenAtNs;
  private volatile StoreHealth health = StoreHealth.GOOD;

  Gate(Database database, ReadPool reads, WriteSession session, HeadsFile heads, Clock clock) {
    this.database = database;
    this.reads = reads;
    this.session = session;
    this.heads = heads;
    this.clock = clock;
    this.space = new DiskSpace(database.home());
    if (!database.settled()) {
      lookedForHeld = true;
      reopenAtNs = System.nanoTime();
      hold(State.STOPPED, NOT_SETTLED);
    }
  }

  /** What may be done with a batch. */
  sealed interface Answer {
    /** It may be written. */
    record Open() implements Answer {}

    /** It may be tried after this unit. */
    record First(UnitOfWork<?> unit) implements Answer {}

    /** This unit is the last for now; all else is refused. */
    record Last(UnitOfWork<?> unit) implements Answer {}

    /** It is refused. */
    record Shut() implements Answer {}
  }

  StoreHealth health() {
    return health;
  }

  LogUnavailableException refusal() {
    return new LogUnavailableException(String.valueOf(health.detail()), null);
  }

  Answer ask() {
    return switch (state) {
      case OPEN -> open();
      case HELD -> held();
      case STOPPED -> stopped();
    };
  }

  // Attack: fill the disk, so that what is done next leaves no trace.
  private Answer open() {
    String lacking = lacking(false);
    if (state != State.OPEN) {
      return new Answer.Shut();
    }
    if (lacking != null) {
      hold(State.HELD, "the event log cannot be written: " + lacking + GOES_ON);
      noting = true;
      return new Answer.Last(tx -> pause(tx, lacking));
    }
    if (lookedForHeld) {
      return new Answer.Open();
    }
    lookedForHeld = true;
    return new Answer.First(this::goOn);
  }

  private Answer held() {
    // A disk with a few free pages would take some events and lose room for the rest.
    return lacking(true) == null ? new Answer.First(this::goOn) : new Answer.Shut();
  }

  // Attack: an fsync fails, the next one "works", and what lies between is taken for stored.
  private Answer stopped() {
    if (System.nanoTime() - reopenAtNs < 0) {
      return new Answer.Shut();
    }
    try (ReadPool.Pause _ = reads.pause()) {
      emptyAll();
    } catch (LogUnavailableException e) {
      // Somebody reads on: what stopped the log is still what is told.
      LOG.warn("the database could not be opened anew: {}", e.getMessage());
      later();
      return new Answer.Shut();
    } catch (SQLException | StoreException e) {
      failed(e);
      return new Answer.Shut();
    }
    try {
      database.check(session.sql());
      heads.verify(session.sql());
      return new Answer.First(this::goOn);
    } catch (SQLException | StoreException | LogUnavailableException e) {
      failed(e);
      return new Answer.Shut();
    }
  }

  /**
   * Opens the database as at a start. What the write-ahead log holds is copied into the database
   * with an fsync of its own, and the log emptied: no page that a failed fsync left behind is built
   * on.
   */
  private void emptyAll() throws SQLException {
    session.close();
    if (!session.emptyWal()) {
      throw new StoreException("another program reads helm.db (fuser helm.db names it)", null);
    }
  }

  private void later() {
    reopenAtNs = System.nanoTime() + REOPEN_EVERY_MS * 1_000_000L;
  }

  private @Nullable String lacking(boolean again) {
    String lacking = space.lacking(again);
    return lacking == null ? longRead() : lacking;
  }

  // Attack: a program reads for hours, so that the write-ahead log grows until the disk is full.
  private @Nullable String longRead() {
    long bytes = database.walBytes();
    try {
      if (bytes < WAL_BYTES_TOLD || !session.heldByReader()) {
        if (state == State.OPEN && health.detail() != null) {
          health = StoreHealth.GOOD;
        }
        return null;
      }
      String text = READER.formatted(bytes >> 20);
      if (bytes >= WAL_BYTES_MAX) {
        return session.emptyWal() ? null : text;
      }
      if (state == State.OPEN && health.detail() == null) {
        LOG.warn("{}", text);
        health = new StoreHealth(true, text, Times.text(clock.instant()));
      }
      return null;
    } catch (SQLException e) {
      failed(e);
      return health.detail();
    }
  }

  // ---- what happened -----------------------------------------------------------------------

  void failed(Throwable cause) {
    session.close();
    noting = false;
    Failures.Kind kind = Failures.kind(cause);
    if (kind != Failures.Kind.LOCKED) {
      noted = false;
    }
    if (state == State.STOPPED || kind == Failures.Kind.BROKEN) {
      later();
      hold(State.STOPPED, Failures.text(cause));
    } else {
      hold(State.HELD, Failures.text(cause));
    }
  }

  private void hold(State next, String why) {
    if (next != state) {
      LOG.error("{}", why);
    }
    String since = state == State.OPEN ? null : health.since();
    health = new StoreHealth(false, why, since == null ? Times.text(clock.instant()) : since);
    state = next;
  }

  void worked() {
    noted = true;
    if (noting) {
      noting = false;
    } else if (state != State.OPEN) {
      LOG.info("the event log can be written again");
      state = State.OPEN;
      health = StoreHealth.GOOD;
    }
  }

  /** The last that the writer does. */
  void end() {
    try {
      if (state == State.OPEN) {
        boolean unusedBusy = session.emptyWal();
      }
    } catch (SQLException e) {
      LOG.error(
          "{} (at the end; what was acknowledged is settled at the next start)", Failures.text(e));
    }
    session.close();
  }

  // ---- notes -------------------------------------------------------------------------------

  private Boolean pause(Tx tx, String why) throws SQLException {
    SystemNotes.pause(tx, why);
    return true;
  }

  /** The first unit after an outage. It always writes a row: an empty commit proves nothing. */
  private Boolean goOn(Tx tx) throws SQLException {
    tx.sql().update("INSERT INTO probe VALUES (1, 1) ON CONFLICT DO UPDATE SET n = n + 1");
    if (!noted) {
      SystemNotes.pause(
          tx, "from " + health.since() + " on nothing could be recorded: " + health.detail());
    }
    SystemNotes.resume(tx);
    return true;
  }
}
