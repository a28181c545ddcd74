package dev.helm.service.store;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart;
import dev.helm.workflows.Signals;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a run gets a new epoch, and a fork its first one. What was asked for is kept until it is
 * done, so that the next start of the service finishes what this one could not.
 */
public final class EpochStore {
  private static final String MAIN = "main";
  private static final Duration REQUEST_KEPT = Duration.ofHours(24);

  /** Journal key of a request to roll back, once it is decided. */
  private static final String REQUEST = "rollback/";

  private static final String COLUMNS =
      "SELECT run, epoch, wanted, state = 'decided', tree FROM rollbacks ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final SqliteBlobs blobs;
  private final Clock clock;
  private final AuditStore audit;

  EpochStore(LogWriter writer, ReadPool reads, SqliteBlobs blobs, Clock clock, AuditStore audit) {
    this.writer = writer;
    this.reads = reads;
    this.blobs = blobs;
    this.clock = clock;
    this.audit = audit;
  }

  /**
   * What a run is to become.
   *
   * @param restart the workspace stays, and the run goes on without waiting for a person
   * @param toSeq what the agent is to know is what it knew at this event
   * @param tree what the workspace is to be
   * @param request of whom it is made once; null for what nobody sends twice
   */
  public record Wanted(
      boolean restart,
      String snapshotId,
      String tree,
      long toSeq,
      String by,
      @Nullable String request) {
    /** One that nobody sends twice. */
    public Wanted(boolean restart, String snapshotId, String tree, long toSeq, String by) {
      this(restart, snapshotId, tree, toSeq, by, null);
    }

    /** What it is for, whoever asks: two of the same request are for the same. */
    @JsonIgnore
    public String asked() {
      return toSeq + " " + snapshotId;
    }
  }

  /**
   * What was made of a request.
   *
   * @param asked {@link Wanted#asked}; null in what was made before that was noted
   */
  public record Made(
      long seq, int epoch, String undoSnapshotId, Counts counts, @Nullable String asked) {}

  /**
   * Something under way.
   *
   * @param epoch the run's epoch when it was asked for
   * @param decided the log has it; only the workspace and the workflow have to follow
   * @param tree once it is decided, what the workspace is to be; null if it stays
   */
  public record Open(
      String run, int epoch, Wanted wanted, boolean decided, @Nullable String tree) {}

  /** How many files a rollback makes, changes, and removes. */
  public record Counts(long created, long changed, long deleted) {}

  private static Open read(ResultSet row) throws SQLException {
    return new Open(
        row.getString(1),
        row.getInt(2),
        HelmJson.read(row.getString(3), Wanted.class),
        row.getInt(4) == 1,
        row.getString(5));
  }

  /**
   * Notes what is wanted; null if something is under way for this run already, or if it is to be
   * restarted and is at work.
   */
  public @Nullable Open ask(String run, Wanted wanted) {
    Change.begins();
    return writer.write(
        tx -> {
          int asked =
              tx.sql()
                  .update(
                      "INSERT INTO rollbacks (run, epoch, wanted, state, at)"
                          + " SELECT id, epoch, ?, 'asked', ? FROM runs WHERE id = ?"
                          + " AND (? = 0 OR status IN ('failed', 'cancelled'))"
                          + " ON CONFLICT DO NOTHING",
                      HelmJson.write(wanted),
                      tx.now(),
                      run,
                      wanted.restart() ? 1 : 0);
          return asked == 0 ? null : open(tx.sql(), run);
        });
  }

  /** What is under way for this run, or null. */
  public @Nullable Open open(String run) {
    return reads.read(sql -> open(sql, run));
  }

  private static @Nullable Open open(Statements sql, String run) throws SQLException {
    return sql.one(COLUMNS + "WHERE run = ?", EpochStore::read, run);
  }

  /**
   * The run's epoch, if its workspace is one tree; -1 while it may be between two. A reader asks
   * before and after: if both are the same, nothing was moved meanwhile.
   */
  public int settled(String run) {
    long epoch =
        reads.read(
            sql ->
                sql.number(
                    "SELECT CASE WHEN EXISTS (SELECT 1 FROM rollbacks b WHERE b.run = r.id"
                        + " AND b.state = 'decided' AND b.tree IS NOT NULL)"
                        + " THEN -1 ELSE r.epoch END FROM runs r WHERE r.id = ?",
                    -1,
                    run));
    return Math.toIntExact(epoch);
  }

  /** What was made of this request to roll back, or null. */
  public @Nullable Made made(String run, String request) {
    String made =
        reads.read(
            sql ->
                sql.one(
                    "SELECT outcome FROM journal WHERE run = ? AND key = ?",
                    row -> row.getString(1),
                    run,
                    REQUEST + request));
    return made == null ? null : HelmJson.read(made, Made.class);
  }

  /** All that is under way. */
  public List<Open> open() {
    return reads.read(sql -> sql.list(COLUMNS + "ORDER BY at", EpochStore::read));
  }

  /** It is done, or nothing was begun. */
  public void close(String run) {
    writer.write(tx -> tx.sql().update("DELETE FROM rollbacks WHERE run = ?", run));
  }

  /** What the workflow of an epoch begins with; null for nothing. */
  public RunStart.@Nullable Carry start(String run, int epoch) {
    String carry =
        reads.read(
            sql ->
                sql.one(
                    "SELECT carry FROM epoch_starts WHERE run = ? AND epoch = ?",
                    row -> row.getString(1),
                    run,
                    epoch));
    return carry == null ? null : HelmJson.read(carry, RunStart.Carry.class);
  }

  /**
   * Opens the next epoch: from here on the run is what was wanted. The audit log says so: as the
   * request at work on this thread, or in the name of who asked if that one was answered before.
   *
   * @param moment what the agent knows
   * @param workspace what the workspace is to be, null if it stays as it is
   * @param undoTree the workspace just before
   * @return the seq of {@code run.rolledback}
   */
  public long decide(
      Open asked, Moment moment, @Nullable String workspace, String undoTree, Counts counts) {
    UnitOfWork<Long> work = opening(asked, moment, workspace, undoTree, counts);
    if (Change.atWork() != null) {
      return writer.change(work);
    }
    return writer.write(
        tx -> {
          long seq = work.run(tx);
          audit.append(tx, later(asked));
          return seq;
        });
  }

  /** Opens the next epoch of a run that stays as it is: nothing that was asked for is made. */
  public void stay(Open same, Moment moment, String tree) {
    long unused = writer.write(opening(same, moment, null, tree, new Counts(0, 0, 0)));
  }

  private static AuditStore.Entry later(Open asked) {
    Wanted wanted = asked.wanted();
    String what = wanted.restart() ? "restart" : "rollback";
    return new AuditStore.Entry(
        AuditStore.Type.CHANGED,
        "change/" + what + "/" + asked.run() + "/" + asked.epoch(),
        wanted.by(),
        Map.of(
            "run",
            asked.run(),
            "what",
            what,
            "toSeq",
            String.valueOf(wanted.toSeq()),
            "why",
            "it was begun and answered before, and is carried out now"));
  }

  private static UnitOfWork<Long> opening(
      Open asked, Moment moment, @Nullable String workspace, String undoTree, Counts counts) {
    String run = asked.run();
    int epoch = asked.epoch() + 1;
    Wanted wanted = asked.wanted();
    RunEvent event =
        new RunEvent.RunRolledback(
            wanted.snapshotId(),
            wanted.tree(),
            wanted.toSeq(),
            epoch,
            wanted.by(),
            undoId(run, asked.epoch()),
            undoTree,
            counts.created(),
            counts.changed(),
            counts.deleted());
    return tx -> {
      Open still = open(tx.sql(), run);
      if (still == null || still.decided() || still.epoch() != asked.epoch()) {
        throw new IllegalStateException("run " + run + " is not asked to roll back any more");
      }
      if (active(tx.sql(), run)) {
        for (Fact end : SqliteRunLog.ends(SqliteRunLog.openCalls(tx.sql(), run))) {
          tx.append(run, end);
        }
      }
      long seq = tx.append(run, fact(epoch, "rolledback", event)).getFirst();
      tx.append(run, fact(epoch, "begins", begins(wanted)));
      if (wanted.request() != null) {
        tx.sql()
            .update(
                "INSERT INTO journal (run, key, at, outcome) VALUES (?, ?, ?, ?)",
                run,
                REQUEST + wanted.request(),
                tx.now(),
                HelmJson.write(
                    new Made(seq, epoch, undoId(run, asked.epoch()), counts, wanted.asked())));
      }
      TakenBackCalls.note(tx, run, run, wanted.toSeq());
      start(tx, run, epoch, carry(tx.sql(), run, moment, wanted));
      tx.sql()
          .update("UPDATE rollbacks SET state = 'decided', tree = ? WHERE run = ?", workspace, run);
      return seq;
    };
  }

  /** Ends calls whose workflow is over and that have no end: what they did is not known. */
  public void endCalls(String run) {
    writer.write(
        tx ->
            tx.append(
                run, PreparedFact.all(SqliteRunLog.ends(SqliteRunLog.openCalls(tx.sql(), run)))));
  }

  /** Names the workspace as it was before the rollback out of an epoch. */
  public static String undoId(String run, int epoch) {
    return "s" + Sha256.hex(run + "/undo-" + epoch).substring(0, 15);
  }

  private static RunEvent begins(Wanted wanted) {
    return wanted.restart()
        ? new RunEvent.RunResumed("person", wanted.by())
        : new RunEvent.RunPaused("person", wanted.by(), null, null, null);
  }

  private static Fact fact(int epoch, String name, RunEvent event) {
    return new Fact("e" + epoch + "/" + MAIN + "/" + name, MAIN, event);
  }

  private static boolean active(Statements sql, String run) throws SQLException {
    return sql.number(
            "SELECT count(*) FROM runs WHERE id = ? AND status IN ('queued', 'running', 'paused')",
            0,
            run)
        == 1;
  }

  private static void start(Tx tx, String run, int epoch, RunStart.Carry carry)
      throws SQLException {
    tx.sql()
        .update(
            "INSERT INTO epoch_starts (run, epoch, carry) VALUES (?, ?, ?)",
            run,
            epoch,
            HelmJson.write(carry));
  }

  private static RunStart.Carry carry(
      Statements sql, String run, Moment moment, @Nullable Wanted wanted) throws SQLException {
    List<Signals.Message> messages =
        SqliteRunLog.unread(sql, run).stream().map(id -> new Signals.Message(id, false)).toList();
    String pausedBy = wanted == null || wanted.restart() ? null : wanted.by();
    return new RunStart.Carry(
        moment.turn(),
        0,
        moment.head(),
        moment.results(),
        messages,
        pausedBy,
        pausedBy != null,
        0,
        0,
        messages.stream().map(Signals.Message::messageId).toList(),
        moment.calls());
  }

  // ---- forks -------------------------------------------------------------------------------

  /**
   * A run that begins with what another one was.
   *
   * @param atSeq the step of the parent
   * @param message what a person says first, or null
   */
  public record Fork(
      String parent,
      long atSeq,
      FileStore.Snapshot workspace,
      Moment moment,
      @Nullable String message,
      String by) {}

  /** Makes the new run and tells both logs, in one transaction. */
  public RunQueries.Created fork(RunQueries.NewRun child, Fork fork) {
    Content input = blobs.content(child.inputJson(), "application/json");
    Content prompt = NewRuns.prompt(blobs, child);
    Content message = fork.message() == null ? null : blobs.content(fork.message(), "text/plain");
    String oldest = Times.text(clock.instant().minus(REQUEST_KEPT));
    return writer.change(
        tx -> {
          String known = NewRuns.known(tx, child, oldest);
          if (known == null) {
            NewRuns.insert(tx, child);
            tx.append(
                child.run(), NewRuns.created(child, input, prompt, fork.parent(), fork.atSeq()));
            begin(tx, child.run(), fork, message);
            tx.append(
                fork.parent(),
                new Fact(
                    "fork/" + child.run(),
                    MAIN,
                    new RunEvent.RunForked(
                        child.run(), fork.workspace().id(), fork.atSeq(), fork.by())));
          }
          String id = known == null ? child.run() : known;
          Bodies.Run run = SqliteRunQueries.card(tx.sql(), id);
          return new RunQueries.Created(run, known == null);
        });
  }

  private static void begin(Tx tx, String run, Fork fork, @Nullable Content message)
      throws SQLException {
    FileStore.Snapshot workspace = fork.workspace();
    List<Fact> facts = new ArrayList<>();
    facts.add(first(run, workspace.tree(), workspace.files(), workspace.bytes()));
    // Its workflow begins in the middle and does not say so.
    facts.add(fact(1, "started", new RunEvent.RunStarted(1, null)));
    for (ModelActivity.Call call : fork.moment().open()) {
      facts.add(fact(1, call.toolUseId() + "/requested", requested(tx.sql(), fork.parent(), call)));
    }
    if (message != null) {
      String id = "fork-" + run;
      facts.add(
          new Fact(
              "message/" + id + "/queued",
              MAIN,
              new RunEvent.MessageQueued(id, message, "next", fork.by())));
    }
    tx.append(run, facts.toArray(Fact[]::new));
    begunByParent(tx, run, fork);
    TakenBackCalls.note(tx, run, fork.parent(), fork.atSeq());
    start(tx, run, 1, carry(tx.sql(), run, fork.moment(), null));
    follows(tx, run, new Wanted(true, workspace.id(), workspace.tree(), fork.atSeq(), fork.by()));
  }

  private static Fact first(String run, String tree, long files, long bytes) {
    return fact(
        1,
        "start",
        new RunEvent.SnapshotTaken(FileProjection.startId(run), null, tree, files, bytes, 0));
  }

  /** The workspace is made after the transaction, and the workflow starts when it is there. */
  private static void follows(Tx tx, String run, Wanted wanted) throws SQLException {
    tx.sql()
        .update(
            "INSERT INTO rollbacks (run, epoch, wanted, state, tree, at)"
                + " VALUES (?, 0, ?, 'decided', ?, ?)",
            run,
            HelmJson.write(wanted),
            wanted.tree(),
            tx.now());
  }

  /**
   * Makes a run that begins with files, in one transaction.
   *
   * @param tree what its workspace is to be; the run's repository has it
   */
  public RunQueries.Created create(RunQueries.NewRun run, String tree, long files, long bytes) {
    Content input = blobs.content(run.inputJson(), "application/json");
    Content prompt = NewRuns.prompt(blobs, run);
    String oldest = Times.text(clock.instant().minus(REQUEST_KEPT));
    return writer.change(
        tx -> {
          String known = NewRuns.known(tx, run, oldest);
          if (known == null) {
            NewRuns.insert(tx, run);
            tx.append(
                run.run(),
                NewRuns.created(run, input, prompt),
                first(run.run(), tree, files, bytes));
            String id = FileProjection.startId(run.run());
            follows(tx, run.run(), new Wanted(true, id, tree, 0, run.by()));
          }
          String id = known == null ? run.run() : known;
          return new RunQueries.Created(SqliteRunQueries.card(tx.sql(), id), known == null);
        });
  }

  /** An open call that the parent had begun is not begun again without a word of people. */
  private static void begunByParent(Tx tx, String run, Fork fork) throws SQLException {
    for (ModelActivity.Call call : fork.moment().open()) {
      Integer begun =
          tx.sql()
              .one(
                  "SELECT 1 FROM events WHERE run = ? AND type = 'tool.started'"
                      + " AND data ->> '$.toolUseId' = ? LIMIT 1",
                  row -> row.getInt(1),
                  fork.parent(),
                  call.toolUseId());
      if (begun != null) {
        tx.sql()
            .update(
                "INSERT INTO journal (run, key, at, outcome) VALUES (?, ?, ?, '')",
                run,
                "e0/" + MAIN + "/" + call.toolUseId() + "/started-1",
                tx.now());
      }
    }
  }

  /** The gate asks about a call that the new run's own log names. */
  private static RunEvent requested(Statements sql, String parent, ModelActivity.Call call)
      throws SQLException {
    String data =
        sql.one(
            "SELECT data FROM events WHERE run = ? AND type = 'tool.requested'"
                + " AND data ->> '$.toolUseId' = ? ORDER BY seq DESC LIMIT 1",
            row -> row.getString(1),
            parent,
            call.toolUseId());
    if (data == null) {
      throw new IllegalStateException("the log has no request of call " + call.toolUseId());
    }
    return HelmJson.event("tool.requested", EventJson.tree(data));
  }
}
