package dev.helm.activities.workspace;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes a directory what a stored tree says, at a cost that grows with what differs. What is new is
 * made beside it first; then everything is put in place by renames, each file and each new
 * directory whole. No file is ever written where it lies: it may have other names.
 *
 * <p>Cut off in the middle the directory holds some of both. Scanning it and beginning anew leads
 * to the wanted tree from wherever it stands.
 *
 * @param <I> what names content in the store
 */
public final class TreeUpdate<I> {
  private static final int EISDIR = 21;

  private final Path home;
  private final Path beside;
  private final Source<I> source;
  private final int owner;
  private final Consumer<String> steps;
  private final @Nullable Change<I> plan;
  private int number;

  private TreeUpdate(
      Path home,
      TreeNode<I> now,
      I wanted,
      Path beside,
      Source<I> source,
      int owner,
      Consumer<String> steps)
      throws IOException {
    this.home = home;
    this.beside = beside;
    this.source = source;
    this.owner = owner;
    this.steps = steps;
    this.plan = change(now, new TreeItem<>(now.name(), now.kind(), now.permissions(), wanted));
  }

  /** Where content comes from. */
  public interface Source<I> {
    /** What a directory holds. */
    List<TreeItem<I>> list(I directory) throws IOException;

    /** Writes a file's content. */
    void copy(I file, OutputStream to) throws IOException;

    /** A link's target. */
    byte[] target(I link) throws IOException;
  }

  /**
   * What is to be done in a directory that stays.
   *
   * @param permissions what it is to have afterwards
   * @param gone names that the wanted tree has not
   * @param fresh what takes the place of whatever is there
   */
  private record Change<I>(
      byte[] name,
      int permissions,
      List<byte[]> gone,
      List<Fresh<I>> fresh,
      List<Change<I>> below) {}

  /** Something made anew, and its name beside. */
  private record Fresh<I>(TreeItem<I> item, byte[] staged) {}

  /**
   * Makes what is new beside a directory in which nobody writes; nothing of the directory changes.
   *
   * @param now what the directory holds
   * @param beside an empty directory on the same file system
   * @param owner who gets the new files, -1 for the calling user
   * @param steps told before each step
   * @throws WorkspaceException there is no room
   */
  public static <I> TreeUpdate<I> stage(
      Path home,
      TreeNode<I> now,
      I wanted,
      Path beside,
      Source<I> source,
      int owner,
      Consumer<String> steps)
      throws IOException {
    TreeUpdate<I> update = new TreeUpdate<>(home, now, wanted, beside, source, owner, steps);
    Change<I> plan = update.plan;
    if (plan != null) {
      try (Kernel kernel = new Kernel()) {
        int to = kernel.openRoot(beside);
        try {
          update.new Staging(kernel).all(plan, to);
        } finally {
          kernel.close(to);
        }
      } catch (Errno e) {
        throw e.full()
            ? new WorkspaceException(Reason.FULL, "there is no room for the workspace's files")
            : e;
      }
    }
    return update;
  }

  // ---- what differs ------------------------------------------------------------------------

  private @Nullable Change<I> change(TreeNode<I> now, TreeItem<I> wanted) throws IOException {
    Change<I> change =
        new Change<>(
            wanted.name(),
            wanted.permissions(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>());
    if (now.id().equals(wanted.id())) {
      return now.permissions() == wanted.permissions() ? null : change;
    }
    Map<ByteBuffer, TreeNode<I>> had = HashMap.newHashMap(now.children().size());
    for (TreeNode<I> child : now.children()) {
      had.put(ByteBuffer.wrap(child.name()), child);
    }
    for (TreeItem<I> item : source.list(wanted.id())) {
      TreeNode<I> before = had.remove(ByteBuffer.wrap(item.name()));
      if (before != null
          && before.kind() == TreeNode.Kind.DIRECTORY
          && item.kind() == TreeNode.Kind.DIRECTORY) {
        Change<I> below = change(before, item);
        if (below != null) {
          change.below().add(below);
        }
      } else if (before == null || !same(before, item)) {
        change.fresh().add(new Fresh<>(item, ascii(String.valueOf(number++))));
      }
    }
    had.values().forEach(gone -> change.gone().add(gone.name()));
    return change;
  }

  private static <I> boolean same(TreeNode<I> now, TreeItem<I> item) {
    return now.kind() == item.kind()
        && now.id().equals(item.id())
        && (item.kind() == TreeNode.Kind.LINK || now.permissions() == item.permissions());
  }

  private static byte[] ascii(String name) {
    return name.getBytes(StandardCharsets.US_ASCII);
  }

  private static int directory() {
    return Kernel.RDONLY | Kernel.DIRECTORY | Kernel.NOFOLLOW;
  }

  // ---- making it ---------------------------------------------------------------------------

  private final class Staging {
    private final Kernel kernel;

    Staging(Kernel kernel) {
      this.kernel = kernel;
    }

    void all(Change<I> change, int to) throws IOException {
      for (Fresh<I> fresh : change.fresh()) {
        steps.accept("make");
        make(to, fresh.staged(), fresh.item(), 0700);
      }
      for (Change<I> below : change.below()) {
        all(below, to);
      }
    }

    /**
     * @param least what a directory keeps of its rights until it is where it belongs: the kernel
     *     moves no directory that it may not write to
     */
    private void make(int to, byte[] name, TreeItem<I> item, int least) throws IOException {
      switch (item.kind()) {
        case DIRECTORY -> {
          kernel.makeDirectory(to, name, 0700);
          int below = kernel.openAt(to, name, directory(), 0);
          try {
            for (TreeItem<I> child : source.list(item.id())) {
              make(below, child.name(), child, 0);
            }
            kernel.mode(below, item.permissions() | least);
          } finally {
            kernel.close(below);
          }
        }
        case FILE -> {
          int flags = Kernel.WRONLY | Kernel.CREATE | Kernel.EXCLUSIVE | Kernel.NOFOLLOW;
          int file = kernel.openAt(to, name, flags, 0600);
          try {
            source.copy(item.id(), new Out(kernel, file));
            kernel.mode(file, item.permissions());
          } finally {
            kernel.close(file);
          }
        }
        case LINK -> kernel.makeLink(source.target(item.id()), to, name);
      }
      if (owner >= 0) {
        kernel.owner(to, name, owner);
      }
    }
  }

  // ---- putting it in place -----------------------------------------------------------------

  /**
   * Puts everything in its place; what was there lies beside afterwards. Returns when all of it is
   * on the disk.
   *
   * @throws IOException the directory may hold some of both trees now
   */
  public void apply() throws IOException {
    Change<I> all = plan;
    if (all == null) {
      return;
    }
    try (Kernel kernel = new Kernel()) {
      int root = kernel.openRoot(home);
      int from = -1;
      try {
        from = kernel.openRoot(beside);
        int permissions = kernel.stat(root).permissions();
        kernel.mode(root, permissions | 0700);
        new Placing(kernel, from).contents(root, all);
        kernel.mode(root, permissions);
        steps.accept("sync");
        kernel.syncFileSystem(root);
      } finally {
        kernel.close(root);
        if (from >= 0) {
          kernel.close(from);
        }
      }
    }
  }

  private final class Placing {
    private final Kernel kernel;
    private final int from;

    Placing(Kernel kernel, int from) {
      this.kernel = kernel;
      this.from = from;
    }

    void contents(int fd, Change<I> change) throws IOException {
      for (byte[] name : change.gone()) {
        steps.accept("remove");
        away(fd, name);
      }
      for (Fresh<I> fresh : change.fresh()) {
        steps.accept("place");
        place(fd, fresh);
      }
      for (Change<I> below : change.below()) {
        directory(fd, below);
      }
      check(fd, change);
    }

    /** Its owner may have taken the right to write to it. */
    private void directory(int parent, Change<I> change) throws IOException {
      steps.accept("enter");
      Stat stat = kernel.stat(parent, change.name());
      if (!stat.directory()) {
        throw new Errno("open", Errno.ENOTDIR);
      }
      boolean locked = (stat.permissions() & 0700) != 0700;
      if (locked) {
        kernel.mode(parent, change.name(), stat.permissions() | 0700);
      }
      int fd = kernel.openAt(parent, change.name(), TreeUpdate.directory(), 0);
      try {
        contents(fd, change);
        if (locked || stat.permissions() != change.permissions()) {
          steps.accept("mode");
          kernel.mode(fd, change.permissions());
        }
      } finally {
        kernel.close(fd);
      }
    }

    private void place(int fd, Fresh<I> fresh) throws Errno {
      TreeItem<I> item = fresh.item();
      try {
        kernel.rename(from, fresh.staged(), fd, item.name());
      } catch (Errno e) {
        boolean another =
            e.number() == EISDIR
                || e.number() == Errno.ENOTDIR
                || e.number() == Errno.ENOTEMPTY
                || e.number() == Errno.EEXIST;
        if (!another) {
          throw e;
        }
        // A directory where a file is to be, or the other way round.
        away(fd, item.name());
        steps.accept("place");
        kernel.rename(from, fresh.staged(), fd, item.name());
      }
      if (item.kind() == TreeNode.Kind.DIRECTORY && (item.permissions() & 0700) != 0700) {
        steps.accept("mode");
        kernel.mode(fd, item.name(), item.permissions());
      }
    }

    /** Moved, as a directory may hold much. */
    private void away(int fd, byte[] name) throws Errno {
      Stat stat = kernel.stat(fd, name);
      if (stat.directory() && (stat.permissions() & 0700) != 0700) {
        kernel.mode(fd, name, stat.permissions() | 0700);
      }
      kernel.rename(fd, name, from, ascii("old-" + number++));
    }

    /** Whether the names are those that they are to be; what no snapshot holds may be there too. */
    private void check(int fd, Change<I> change) throws IOException {
      Set<ByteBuffer> there = new HashSet<>();
      List<byte[]> names = kernel.next(fd);
      for (; !names.isEmpty(); names = kernel.next(fd)) {
        names.forEach(name -> there.add(ByteBuffer.wrap(name)));
      }
      boolean whole =
          change.gone().stream().noneMatch(name -> there.contains(ByteBuffer.wrap(name)))
              && change.fresh().stream()
                  .allMatch(fresh -> there.contains(ByteBuffer.wrap(fresh.item().name())));
      if (!whole) {
        throw new IOException("somebody else changes the workspace");
      }
    }
  }

  private static final class Out extends OutputStream {
    private final Kernel kernel;
    private final int file;

    Out(Kernel kernel, int file) {
      this.kernel = kernel;
      this.file = file;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      kernel.write(file, bytes, offset, length);
    }
  }
}
