package dev.helm.activities.snapshot;

import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.TreeScan;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** Takes and reads snapshots of workspaces; each run has a repository of its own. */
public final class Snapshots {
  /** Entries of scanned trees that are remembered over all runs. */
  private static final long REMEMBERED_MAX = 500_000;

  /** Repositories that stay open: to open one costs more the more snapshots it has. */
  private static final int OPEN_MAX = 8;

  /** What lies there when the service starts is of a look that was not closed. */
  private static final String LOOK = ".look-";

  private static final Taken NOTHING = new Taken(SnapshotRepository.EMPTY, 0, 0, 0, 0, List.of());

  private final Path repositories;
  private final Sandbox sandbox;
  private final WorkspaceLimits limits;
  private final Clock clock;
  private final Map<String, TreeNode<ObjectId>> known = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Path, Open> open = new LinkedHashMap<>(16, 0.75f, true);

  /** An open repository, and the file that tells whether it is still the one that lies there. */
  private record Open(SnapshotRepository repository, @Nullable Object file) {}

  /**
   * @param home HELM_HOME
   * @param limits how large a workspace may be; what is beyond is skipped
   */
  public Snapshots(Path home, Sandbox sandbox, WorkspaceLimits limits, Clock clock) {
    this.repositories = home.resolve("snapshots");
    forgetLooks();
    this.sandbox = sandbox;
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * A workspace as it was.
   *
   * @param tree names it in the run's repository
   * @param files files and links
   * @param bytes of the files
   * @param skipped entries that no snapshot can hold, {@code named} are the first of them
   * @param special how many of these are sockets, FIFOs or devices, without content
   */
  public record Taken(
      String tree,
      long files,
      long bytes,
      long skipped,
      long special,
      List<TreeScan.Skipped> named) {
    /** Copies the list. */
    public Taken {
      named = List.copyOf(named);
    }
  }

  /** Keeps the workspace as it is now; it is on the disk when this returns. */
  public Taken take(String run) throws IOException {
    return sandbox.inTree(run, tree -> take(run, tree));
  }

  private Taken take(String run, Path tree) throws IOException {
    return taken(keep(run, tree));
  }

  /**
   * A file that a run begins with.
   *
   * @param path names with a slash between them, none of them {@code .}, {@code ..} or empty
   */
  public record First(String path, byte[] content, boolean executable) {}

  /** Keeps what a run is to begin with, before any workspace has it. */
  public Taken keep(String run, List<First> files) throws IOException {
    directory();
    Path beside = Files.createTempDirectory(repositories, LOOK);
    try {
      for (First file : files) {
        Path at = beside.resolve(file.path());
        for (Path above = beside; !above.equals(at.getParent()); ) {
          above = above.resolve(above.relativize(at).getName(0));
          Files.createDirectories(above);
          Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.write(at, file.content(), StandardOpenOption.CREATE_NEW);
        Files.setPosixFilePermissions(
            at, PosixFilePermissions.fromString(file.executable() ? "rwxr-xr-x" : "rw-r--r--"));
      }
      return take(run, beside);
    } finally {
      Workspaces.discard(beside);
    }
  }

  /** The same for a tree that nobody moves, with all that was seen. */
  TreeScan.Scanned<ObjectId> keep(String run, Path tree) throws IOException {
    try (Lazily store = new Lazily(at(run))) {
      TreeScan.Scanned<ObjectId> found = TreeScan.run(tree, known(run), store, limits, clock);
      store.sync();
      remember(run, found.root());
      return found;
    }
  }

  /**
   * Shows the workspace as it is now without keeping it: what is new lies beside the run's
   * repository until the look is closed.
   */
  public Look look(String run) throws IOException {
    directory();
    Path beside = Files.createTempDirectory(repositories, LOOK);
    SnapshotRepository repository = null;
    try (SnapshotRepository kept = opened(at(run))) {
      repository = kept.beside(beside);
      SnapshotRepository shown = repository;
      Look look = new Look(beside, shown, sandbox.inTree(run, tree -> scan(run, tree, shown)));
      repository = null;
      return look;
    } finally {
      if (repository != null) {
        new Look(beside, repository, NOTHING).close();
      }
    }
  }

  private Taken scan(String run, Path tree, SnapshotRepository into) throws IOException {
    try (SnapshotWriter writer = into.writer()) {
      TreeScan.Scanned<ObjectId> found = TreeScan.run(tree, known(run), writer, limits, clock);
      writer.flush();
      return taken(found);
    }
  }

  static Taken taken(TreeScan.Scanned<ObjectId> found) {
    TreeNode<ObjectId> root = found.root();
    return new Taken(
        root.id().name(),
        root.files(),
        root.bytes(),
        found.skipped(),
        found.special(),
        found.named());
  }

  /** Shows only what is kept. */
  public Look kept(String run) throws IOException {
    return new Look(null, open(run), NOTHING);
  }

  /**
   * A workspace as it was a moment ago.
   *
   * @param at what is removed with it, or null
   * @param repository has its tree, and all that the run's own repository has
   */
  public record Look(@Nullable Path at, SnapshotRepository repository, Taken taken)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      repository.close();
      if (at != null) {
        Workspaces.discard(at);
      }
    }
  }

  /** The run's repository; to be closed. */
  public SnapshotRepository open(String run) throws IOException {
    directory();
    return opened(at(run));
  }

  private SnapshotRepository opened(Path path) throws IOException {
    synchronized (open) {
      Open kept = open.get(path);
      Object file = file(path);
      if (kept != null && file != null && file.equals(kept.file())) {
        return kept.repository().again();
      }
      SnapshotRepository fresh = SnapshotRepository.open(path);
      Open erased = open.put(path, new Open(fresh, file(path)));
      if (erased != null) {
        erased.repository().close();
      }
      if (open.size() > OPEN_MAX) {
        Path oldest = open.keySet().iterator().next();
        Objects.requireNonNull(open.remove(oldest)).repository().close();
      }
      return fresh.again();
    }
  }

  private static @Nullable Object file(Path path) throws IOException {
    try {
      return Files.readAttributes(path.resolve("HEAD"), BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Lets a forked run begin with all that its parent has kept. Safe to repeat. */
  public void share(String parent, String child) throws IOException {
    try (SnapshotRepository from = open(parent)) {
      from.share(at(child));
    }
  }

  /** The sandbox whose workspaces these are of. */
  Sandbox sandbox() {
    return sandbox;
  }

  private Path at(String run) {
    if (!run.matches("[0-9a-f]{32}")) {
      throw new IllegalArgumentException("not a run's id: " + run);
    }
    return repositories.resolve(run + ".git");
  }

  private void forgetLooks() {
    try (DirectoryStream<Path> looks = Files.newDirectoryStream(repositories, LOOK + "*")) {
      for (Path look : looks) {
        Workspaces.discard(look);
      }
    } catch (NoSuchFileException e) {
      // Nothing was ever kept here.
    } catch (IOException e) {
      throw new UncheckedIOException("what an earlier start left cannot be removed", e);
    }
  }

  private void directory() throws IOException {
    if (!Files.isDirectory(repositories)) {
      Files.createDirectories(
          repositories,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private synchronized @Nullable TreeNode<ObjectId> known(String run) {
    // A repository that was erased has to be filled again.
    return Files.exists(at(run).resolve("HEAD")) ? known.get(run) : null;
  }

  private synchronized void remember(String run, TreeNode<ObjectId> root) {
    known.put(run, root);
    long entries = known.values().stream().mapToLong(TreeNode::files).sum();
    while (entries > REMEMBERED_MAX && known.size() > 1) {
      Map.Entry<String, TreeNode<ObjectId>> oldest = known.entrySet().iterator().next();
      entries -= oldest.getValue().files();
      known.remove(oldest.getKey());
    }
  }

  /** Opens the repository when the first thing is to be kept: mostly nothing is. */
  private final class Lazily implements TreeScan.Store<ObjectId>, AutoCloseable {
    private final Path path;
    private @Nullable SnapshotRepository repository;
    private @Nullable SnapshotWriter writer;

    Lazily(Path path) {
      this.path = path;
    }

    private SnapshotWriter writer() throws IOException {
      SnapshotWriter open = writer;
      if (open == null) {
        Snapshots.this.directory();
        SnapshotRepository opened = opened(path);
        repository = opened;
        open = opened.writer();
        writer = open;
      }
      return open;
    }

    @Override
    public ObjectId file(TreeScan.Source content, long size) throws IOException {
      return writer().file(content, size);
    }

    @Override
    public ObjectId link(byte[] target) throws IOException {
      return writer().link(target);
    }

    @Override
    public ObjectId directory(List<TreeNode<ObjectId>> entries) throws IOException {
      return writer().directory(entries);
    }

    void sync() throws IOException {
      SnapshotWriter open = writer;
      if (open != null) {
        open.sync();
      }
    }

    @Override
    public void close() {
      SnapshotWriter open = writer;
      if (open != null) {
        open.close();
      }
      SnapshotRepository opened = repository;
      if (opened != null) {
        opened.close();
      }
    }
  }
}
