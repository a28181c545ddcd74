package dev.helm.activities.snapshot;

import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.TreeScan;
import dev.helm.activities.workspace.TreeUpdate;
import dev.helm.activities.workspace.TreeUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/**
 * Takes a workspace that lies at home back to a snapshot. What is new is made beside it, which is
 * what can run out of room; then it is put in place by renames. Between the two the log decides.
 * Killed after that, the workspace is between the trees until {@link #finish} has looked at it
 * again and made it the wanted one: nobody may read it before.
 */
public final class WorkspaceRestore {
  private static final System.Logger LOG = System.getLogger(WorkspaceRestore.class.getName());

  private final Snapshots snapshots;
  private final int owner;
  private final Steps steps;

  /**
   * @param owner who gets the files, -1 for this process's own user
   * @param steps told before each step, so that tests can end the process there
   */
  public WorkspaceRestore(Snapshots snapshots, int owner, Steps steps) {
    this.snapshots = snapshots;
    this.owner = owner;
    this.steps = steps;
  }

  /** Who is told what comes next. */
  @FunctionalInterface
  public interface Steps {
    /** Before the step. */
    void before(String step);
  }

  /** A workspace of which all that a snapshot adds or changes lies ready beside it. */
  public static final class Prepared {
    private final Path home;
    private final Snapshots.Taken now;
    private final List<Unsaved> unsaved;
    private final @Nullable TreeUpdate<ObjectId> update;

    private Prepared(
        Path home,
        Snapshots.Taken now,
        List<Unsaved> unsaved,
        @Nullable TreeUpdate<ObjectId> update) {
      this.home = home;
      this.now = now;
      this.unsaved = unsaved;
      this.update = update;
    }

    /** The workspace as it is, which is a snapshot now. */
    public Snapshots.Taken now() {
      return now;
    }

    /** What of it no snapshot holds. */
    public List<Unsaved> unsaved() {
      return unsaved;
    }
  }

  /**
   * Makes ready what is new in a snapshot; the workspace, which no container holds, stays as it is.
   *
   * @throws dev.helm.activities.workspace.WorkspaceException there is no room
   * @throws UnsavedException files would be lost
   */
  public Prepared prepare(String run, Path home, String wanted) throws IOException {
    return prepare(run, home, wanted, false);
  }

  private Prepared prepare(String run, Path home, String wanted, boolean decided)
      throws IOException {
    steps.before("discard what is left over");
    discard(beside(home));
    steps.before("snapshot");
    TreeScan.Scanned<ObjectId> found = snapshots.keep(run, home);
    Snapshots.Taken now = Snapshots.taken(found);
    if (now.tree().equals(wanted)) {
      return new Prepared(home, now, List.of(), null);
    }
    try (SnapshotRepository repository = snapshots.open(run)) {
      ObjectId tree = ObjectId.fromString(wanted);
      List<Unsaved> unsaved = Unsaved.of(repository, now, tree);
      List<Unsaved> lost =
          unsaved.stream().filter(file -> file.fate() == Unsaved.Fate.BLOCKS).toList();
      if (!decided && !lost.isEmpty()) {
        throw new UnsavedException(lost);
      }
      return new Prepared(home, now, unsaved, stage(home, found, tree, repository));
    }
  }

  private TreeUpdate<ObjectId> stage(
      Path home, TreeScan.Scanned<ObjectId> found, ObjectId wanted, SnapshotRepository repository)
      throws IOException {
    steps.before("build");
    Path beside = beside(home);
    boolean whole = false;
    try {
      Files.createDirectory(
          beside,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      TreeUpdate<ObjectId> update =
          TreeUpdate.stage(home, found.root(), wanted, beside, repository, owner, steps::before);
      whole = true;
      return update;
    } finally {
      if (!whole) {
        discard(beside);
      }
    }
  }

  /**
   * What was made ready takes its place; it is on the disk when this returns.
   *
   * @throws IOException the workspace may be between the trees: {@link #finish} is to be called
   */
  public void apply(Prepared prepared) throws IOException {
    TreeUpdate<ObjectId> update = prepared.update;
    if (update == null) {
      // Perhaps a former life had put all in place, and did not see it reach the disk.
      TreeUsage.sync(prepared.home);
      return;
    }
    steps.before("apply");
    update.apply();
    steps.before("discard");
    // Its files are in a snapshot by now; deleting thousands of them need not be waited for.
    Path trash = trash(prepared.home);
    Files.move(beside(prepared.home), trash, StandardCopyOption.ATOMIC_MOVE);
    Thread.ofVirtual().start(() -> quietly(trash));
  }

  /** Finishes what a former life of the service had decided, wherever it ended. */
  public void finish(String run, Path home, String wanted) throws IOException {
    apply(prepare(run, home, wanted, true));
  }

  private static void quietly(Path tree) {
    try {
      discard(tree);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.INFO, tree + " stays until the next start: " + e);
    }
  }

  private static void discard(Path tree) throws IOException {
    if (Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      Workspaces.discard(tree);
    }
  }

  /** On the same file system, and no name that a run's workspace could have. */
  static Path beside(Path home) {
    return parent(home).resolve(".rollback-" + home.getFileName());
  }

  private static Path trash(Path home) throws IOException {
    Path free = Files.createTempDirectory(parent(home), ".trash-rollback-");
    Files.delete(free);
    return free;
  }

  private static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent());
  }
}
