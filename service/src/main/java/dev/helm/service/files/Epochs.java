package dev.helm.service.files;

import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.activities.snapshot.Unsaved;
import dev.helm.activities.snapshot.UnsavedException;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.api.rest.Bodies;
import dev.helm.service.rest.RunControl.WorkflowsDown;
import dev.helm.service.store.Access;
import dev.helm.service.store.EpochStore;
import dev.helm.service.store.EpochStore.Open;
import dev.helm.service.store.EpochStore.Wanted;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rollback, restart and fork. The order of a rollback: what is wanted is noted; the old epoch's
 * workflow leaves; the container goes; what is new is made beside the workspace; one transaction
 * opens the new epoch; what is new takes its place; the new workflow starts. Killed before the
 * transaction nothing has changed but that the run stands still, after it the rest is repeated, and
 * nobody reads the workspace before.
 */
public final class Epochs {
  private static final Logger LOG = LoggerFactory.getLogger(Epochs.class);

  private final Store store;
  private final Sandbox sandbox;
  private final Snapshots snapshots;
  private final WorkspaceRestore restore;
  private final Leaving leaving;
  private final Consumer<String> starting;
  private final Set<String> here = ConcurrentHashMap.newKeySet();

  /**
   * @param starting starts the workflow of a run's epoch; one that has started is left alone
   */
  public Epochs(
      Store store,
      Sandbox sandbox,
      Snapshots snapshots,
      WorkspaceRestore restore,
      Leaving leaving,
      Consumer<String> starting) {
    this.store = store;
    this.sandbox = sandbox;
    this.snapshots = snapshots;
    this.restore = restore;
    this.leaving = leaving;
    this.starting = starting;
  }

  /**
   * What became of a rollback.
   *
   * @param unsaved what of the workspace no snapshot holds
   */
  public record Done(
      long seq, int epoch, String undoSnapshotId, EpochStore.Counts counts, List<Unsaved> unsaved) {
    /** Copies the list. */
    public Done {
      unsaved = List.copyOf(unsaved);
    }
  }

  /**
   * Takes a run back; it then waits for a person.
   *
   * @throws EpochFailure it was not done
   * @throws WorkflowsDown nothing was begun
   */
  public Done rollback(String run, FileStore.Snapshot workspace, long toSeq, String by) {
    return rollback(run, workspace, toSeq, by, null);
  }

  /**
   * The same once for each {@code request}: one that was answered before it was made, and is sent
   * again, is not made a second time.
   */
  public Done rollback(
      String run, FileStore.Snapshot workspace, long toSeq, String by, @Nullable String request) {
    return begin(run, new Wanted(false, workspace.id(), workspace.tree(), toSeq, by, request));
  }

  /**
   * What became of a request that was made before, or null if it was not.
   *
   * @throws EpochFailure it is decided, and not finished yet, or it was for something else
   */
  public @Nullable Done made(String run, FileStore.Snapshot workspace, long toSeq, String request) {
    return made(run, new Wanted(false, workspace.id(), workspace.tree(), toSeq, "", request));
  }

  private @Nullable Done made(String run, Wanted wanted) {
    String request = wanted.request();
    EpochStore.Made made = request == null ? null : store.epochs().made(run, request);
    if (made == null) {
      return null;
    }
    if (made.asked() != null && !made.asked().equals(wanted.asked())) {
      throw new EpochFailure(
          EpochFailure.Kind.OTHER,
          "a rollback to another step was made of it; make a new key for a new request",
          null);
    }
    if (store.epochs().open(run) != null) {
      throw new EpochFailure(
          EpochFailure.Kind.LATER,
          "the rollback is decided and is finished as soon as it can be",
          null);
    }
    return new Done(made.seq(), made.epoch(), made.undoSnapshotId(), made.counts(), List.of());
  }

  /** Lets a run that failed or was cancelled go on from where it stands. */
  public Done restart(String run, String by) {
    long last = store.files().lastSeq(run);
    FileStore.Snapshot newest = store.files().at(run, last);
    String id = newest == null ? "" : newest.id();
    return begin(run, new Wanted(true, id, tree(newest), last, by));
  }

  private static String tree(FileStore.@Nullable Snapshot snapshot) {
    return snapshot == null ? SnapshotRepository.EMPTY : snapshot.tree();
  }

  private Done begin(String run, Wanted wanted) {
    if (!here.add(run)) {
      throw busy();
    }
    try {
      Done made = made(run, wanted);
      if (made != null) {
        return made;
      }
      Open asked = store.epochs().ask(run, wanted);
      if (asked == null) {
        throw store.epochs().open(run) == null ? atWork() : busy();
      }
      return carryOut(asked, true);
    } finally {
      here.remove(run);
    }
  }

  private static EpochFailure busy() {
    return new EpochFailure(
        EpochFailure.Kind.BUSY, "a rollback of this run is under way; wait until it is over", null);
  }

  private static EpochFailure atWork() {
    return new EpochFailure(
        EpochFailure.Kind.BUSY, "the run goes on already; nobody has to restart it", null);
  }

  /**
   * @param first whether no workflow was told to leave for this yet; else a run may stand still
   */
  private Done carryOut(Open asked, boolean first) {
    String run = asked.run();
    boolean active = active(run);
    if (active) {
      try {
        leaving.leave(run, asked.epoch(), asked.wanted().by());
      } catch (WorkflowsDown e) {
        if (first) {
          store.epochs().close(run);
        }
        throw e;
      }
    }
    Done done;
    try {
      done =
          asked.wanted().restart()
              ? decide(asked, null, asked.wanted().tree(), none(), List.of())
              : trees(asked);
    } catch (IOException | RuntimeException e) {
      throw failed(asked, active, e);
    }
    start(run);
    return done;
  }

  private boolean active(String run) {
    Bodies.Run card = store.queries().run(Access.system(), run);
    return card != null && card.status().active();
  }

  private Done trees(Open asked) throws IOException {
    String run = asked.run();
    return sandbox.atHome(
        run,
        home -> {
          String wanted = asked.wanted().tree();
          WorkspaceRestore.Prepared ready = restore.prepare(run, home, wanted);
          String now = ready.now().tree();
          Done done = decide(asked, wanted, now, counts(run, now, wanted), ready.unsaved());
          restore.apply(ready);
          return done;
        });
  }

  private Done decide(
      Open asked,
      @Nullable String workspace,
      String undoTree,
      EpochStore.Counts counts,
      List<Unsaved> unsaved) {
    long seq =
        store
            .epochs()
            .decide(
                asked,
                store.moments().at(asked.run(), asked.wanted().toSeq()),
                workspace,
                undoTree,
                counts);
    return new Done(
        seq, asked.epoch() + 1, EpochStore.undoId(asked.run(), asked.epoch()), counts, unsaved);
  }

  private static EpochStore.Counts none() {
    return new EpochStore.Counts(0, 0, 0);
  }

  /** What a rollback from one tree to another makes, changes and removes. */
  private EpochStore.Counts counts(String run, String from, String to) throws IOException {
    try (SnapshotRepository repository = snapshots.open(run)) {
      return counts(TreeDiff.plain(repository, ObjectId.fromString(from), ObjectId.fromString(to)));
    }
  }

  /** The same of a diff that was made without looking for renames. */
  public static EpochStore.Counts counts(TreeDiff.Result diff) {
    long created = 0;
    long changed = 0;
    long deleted = 0;
    for (TreeDiff.Change change : diff.changes()) {
      if (change.directory()) {
        continue;
      }
      if (change.before() == null) {
        created++;
      } else if (change.after() == null) {
        deleted++;
      } else {
        changed++;
      }
    }
    return new EpochStore.Counts(created, changed, deleted);
  }

  /** The old epoch's workflow has left: the run must not stand without one. */
  private RuntimeException failed(Open asked, boolean active, Exception e) {
    String run = asked.run();
    LOG.warn("rollback of run {} did not succeed: {}", run, e.toString());
    Open now = store.epochs().open(run);
    if (now != null && now.decided()) {
      return new EpochFailure(
          EpochFailure.Kind.LATER,
          "the rollback is decided and is finished as soon as it can be: " + e.getMessage(),
          e);
    }
    if (active) {
      stay(asked);
    } else {
      store.epochs().close(run);
    }
    String left = active ? "; the run is as it was, and paused" : "; the run is as it was";
    return switch (e) {
      case WorkspaceException full when full.reason() == WorkspaceException.Reason.FULL ->
          new EpochFailure(EpochFailure.Kind.FULL, full.getMessage() + left, e);
      case UnsavedException lost ->
          new EpochFailure(EpochFailure.Kind.UNSAVED, lost.getMessage() + left, e);
      case EngineUnavailable away ->
          new EpochFailure(EpochFailure.Kind.ENGINE, away.getMessage() + left, e);
      case NoEngine none -> new EpochFailure(EpochFailure.Kind.ENGINE, none.getMessage() + left, e);
      case RuntimeException other -> other;
      default -> new IllegalStateException("a rollback did not succeed" + left, e);
    };
  }

  /** A new epoch that is what the old one was, paused; nobody touches the workspace. */
  private void stay(Open asked) {
    String run = asked.run();
    store.epochs().endCalls(run);
    long last = store.files().lastSeq(run);
    FileStore.Snapshot newest = store.files().at(run, last);
    String tree = tree(newest);
    Wanted same =
        new Wanted(false, newest == null ? "" : newest.id(), tree, last, asked.wanted().by());
    store
        .epochs()
        .stay(new Open(run, asked.epoch(), same, false, null), store.moments().at(run, last), tree);
    start(run);
  }

  private void start(String run) {
    try {
      starting.accept(run);
      store.epochs().close(run);
    } catch (RuntimeException e) {
      // The log has it; the next round starts it.
      LOG.warn("run {} starts its new epoch later: {}", run, e.toString());
    }
  }

  /**
   * Makes a run that begins with what another one was at a step; it starts at once.
   *
   * @throws EpochFailure its workspace cannot be made now; it starts when it can
   */
  public RunQueries.Created fork(RunQueries.NewRun child, EpochStore.Fork fork) throws IOException {
    snapshots.share(fork.parent(), child.run());
    here.add(child.run());
    try {
      return begun(child.run(), () -> store.epochs().fork(child, fork));
    } finally {
      here.remove(child.run());
    }
  }

  /** Makes a run that begins with files; it starts when they are in its workspace. */
  public RunQueries.Created create(RunQueries.NewRun run, List<Snapshots.First> files)
      throws IOException {
    here.add(run.run());
    try {
      Snapshots.Taken kept = snapshots.keep(run.run(), files);
      return begun(
          run.run(), () -> store.epochs().create(run, kept.tree(), kept.files(), kept.bytes()));
    } finally {
      here.remove(run.run());
    }
  }

  /** What was kept for a run that is none after all goes again. */
  private RunQueries.Created begun(String run, Supplier<RunQueries.Created> transaction)
      throws IOException {
    RunQueries.Created created;
    try {
      created = transaction.get();
    } catch (RuntimeException e) {
      if (store.queries().run(Access.system(), run) == null) {
        snapshots.erase(run);
      }
      throw e;
    }
    if (!created.run().id().equals(run)) {
      // The same request made it before; that one works on it, or the next round does.
      snapshots.erase(run);
      return created;
    }
    Open open = store.epochs().open(run);
    if (open != null) {
      finish(open);
    }
    return created;
  }

  /** Goes on with what is under way and nobody here works on; after a start, and every so often. */
  public void recover() {
    for (Open open : store.epochs().open()) {
      if (here.add(open.run())) {
        try {
          Open still = store.epochs().open(open.run());
          if (still != null && still.decided()) {
            finish(still);
          } else if (still != null) {
            Done unused = carryOut(still, false);
          }
        } catch (RuntimeException e) {
          LOG.warn("run {}: what was begun is not finished yet: {}", open.run(), e.toString());
        } finally {
          here.remove(open.run());
        }
      }
    }
  }

  private void finish(Open open) {
    String run = open.run();
    String tree = open.tree();
    try {
      if (tree != null) {
        Object unused =
            sandbox.atHome(
                run,
                home -> {
                  restore.finish(run, home, tree);
                  return home;
                });
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("the workspace of run {} is not there yet: {}", run, e.toString());
      return;
    }
    start(run);
  }
}
