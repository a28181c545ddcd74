package dev.helm.activities.snapshot;

import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.TreeBuild;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;

/**
 * Takes a workspace that lies at home back to a snapshot. The new tree is built beside it, and the
 * two change places at one moment: whatever is killed, the workspace is the one or the other.
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

  /**
   * Builds the wanted tree beside a workspace that no container holds.
   *
   * @return the workspace as it is, which is a snapshot now
   * @throws dev.helm.activities.workspace.WorkspaceException there is no room; nothing has changed
   */
  public Snapshots.Taken prepare(String run, Path home, String wanted) throws IOException {
    steps.before("discard what is left over");
    discard(beside(home));
    steps.before("snapshot");
    Snapshots.Taken now = snapshots.take(run, home);
    if (!now.tree().equals(wanted)) {
      build(run, home, now.tree(), wanted);
    }
    return now;
  }

  private void build(String run, Path home, String now, String wanted) throws IOException {
    steps.before("build");
    Path fresh = beside(home);
    boolean whole = false;
    try (SnapshotRepository repository = snapshots.open(run)) {
      Files.createDirectory(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      TreeBuild.run(
          home, ObjectId.fromString(now), fresh, ObjectId.fromString(wanted), repository, owner);
      whole = true;
    } finally {
      if (!whole) {
        discard(fresh);
      }
    }
  }

  /** What was prepared takes the workspace's place. Nothing happens if nothing was prepared. */
  public void swap(Path home) throws IOException {
    Path fresh = beside(home);
    if (!exists(fresh)) {
      return;
    }
    steps.before("swap");
    exchange(home, fresh);
    steps.before("discard");
    // The old tree is a snapshot by now; deleting thousands of files need not be waited for.
    Path old = beside(fresh, ".trash-rollback-");
    Files.move(fresh, old, StandardCopyOption.ATOMIC_MOVE);
    Thread.ofVirtual().start(() -> quietly(old));
  }

  private static void exchange(Path home, Path fresh) throws IOException {
    try {
      TreeBuild.exchange(parent(home), name(home), name(fresh));
    } catch (UnsupportedOperationException e) {
      // A file system without the exchange: for a moment there is none, and finish() mends that.
      Path old = beside(home, ".trash-rolled-");
      Files.move(home, old, StandardCopyOption.ATOMIC_MOVE);
      Files.move(fresh, home, StandardCopyOption.ATOMIC_MOVE);
      Files.move(old, fresh, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Finishes what a former life of the service had decided, wherever it ended. */
  public void finish(String run, Path home, String wanted) throws IOException {
    Path fresh = beside(home);
    if (exists(fresh) && snapshots.take(run, fresh).tree().equals(wanted)) {
      if (!snapshots.take(run, home).tree().equals(wanted)) {
        swap(home);
        return;
      }
    }
    prepare(run, home, wanted);
    swap(home);
  }

  private static void quietly(Path tree) {
    try {
      discard(tree);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.INFO, tree + " stays until the next start: " + e);
    }
  }

  private static void discard(Path tree) throws IOException {
    if (exists(tree)) {
      Workspaces.discard(tree);
    }
  }

  private static boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** On the same file system, and no name that a run's workspace could have. */
  static Path beside(Path home) {
    return parent(home).resolve(".rollback-" + name(home));
  }

  private static Path beside(Path path, String prefix) throws IOException {
    Path free = Files.createTempDirectory(parent(path), prefix);
    Files.delete(free);
    return free;
  }

  private static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent());
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
