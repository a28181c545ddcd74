package dev.helm.activities.workspace;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The host's only way to files of a workspace, which a hostile container may be changing at that
 * very moment. Each directory on the way is opened relative to the one before, no link is followed
 * anywhere, and nothing on another mount is entered.
 */
public final class WorkspaceFiles {
  private final Path root;

  private WorkspaceFiles(Path root) {
    this.root = root;
  }

  /** The workspace at this place of the host. */
  public static WorkspaceFiles at(Path root) {
    return new WorkspaceFiles(root);
  }

  /** Whether both are the same place of the host. */
  public boolean samePlace(WorkspaceFiles other) {
    return root.equals(other.root);
  }

  /** What an entry is. */
  public enum Type {
    FILE,
    DIRECTORY,
    LINK,
    /** A socket, FIFO or device, which is never opened. */
    OTHER
  }

  /**
   * An entry of a directory; a link is itself and not its target.
   *
   * @param name with what people cannot see escaped
   * @param bytes its length
   * @param mode permission bits
   * @param target where a link leads, escaped as the name is; null for anything else
   */
  public record Entry(String name, Type type, long bytes, int mode, @Nullable String target) {}

  /**
   * Reads a whole regular file.
   *
   * @throws WorkspaceException it is not there, not regular, behind a link, or larger than this
   */
  public byte[] read(WorkspacePath path, long maxBytes) throws WorkspaceException {
    try (Walk walk = new Walk(path)) {
      byte[] name = walk.file();
      int flags = Kernel.RDONLY | Kernel.NOFOLLOW | Kernel.NONBLOCK;
      int file = walk.open(name, flags, 0);
      Stat stat = walk.kernel.stat(file);
      // A FIFO or device may have taken the file's place since; NONBLOCK made its opening harmless.
      walk.requireFile(stat);
      if (stat.size() > maxBytes) {
        throw tooLarge(path, maxBytes);
      }
      ByteArrayOutputStream all = new ByteArrayOutputStream((int) stat.size());
      for (byte[] part = walk.kernel.read(file); part.length > 0; part = walk.kernel.read(file)) {
        all.writeBytes(part);
        if (all.size() > maxBytes) {
          throw tooLarge(path, maxBytes);
        }
      }
      return all.toByteArray();
    } catch (Errno e) {
      throw told(path, e);
    }
  }

  /** An open regular file, to be closed. */
  public interface Reading extends AutoCloseable {
    /** Bytes that it has. */
    long size();

    /**
     * Writes exactly so many.
     *
     * @throws IOException also if it has become shorter meanwhile
     */
    void copy(OutputStream to) throws IOException;

    @Override
    void close();
  }

  /**
   * Opens a regular file, of any size.
   *
   * @throws WorkspaceException it is not there, not regular, or behind a link
   */
  public Reading open(WorkspacePath path) throws WorkspaceException {
    Walk walk = null;
    boolean whole = false;
    try {
      walk = new Walk(path);
      int flags = Kernel.RDONLY | Kernel.NOFOLLOW | Kernel.NONBLOCK;
      int file = walk.open(walk.file(), flags, 0);
      Stat stat = walk.kernel.stat(file);
      // As in read().
      walk.requireFile(stat);
      whole = true;
      return new Opened(walk, file, stat.size());
    } catch (Errno e) {
      throw told(path, e);
    } finally {
      if (walk != null && !whole) {
        walk.close();
      }
    }
  }

  private record Opened(Walk walk, int file, long size) implements Reading {
    @Override
    public void copy(OutputStream to) throws IOException {
      long left = size;
      while (left > 0) {
        byte[] part = walk.kernel.read(file);
        if (part.length == 0) {
          throw new EOFException("the file became shorter while it was read");
        }
        int given = (int) Math.min(left, part.length);
        to.write(part, 0, given);
        left -= given;
      }
    }

    @Override
    public void close() {
      walk.close();
    }
  }

  /** What a directory holds, in no order; more than {@code max} entries are refused. */
  public List<Entry> list(WorkspacePath path, int max) throws WorkspaceException {
    try (Walk walk = new Walk(path)) {
      int directory = walk.directory();
      List<Entry> entries = new ArrayList<>();
      List<byte[]> names = walk.kernel.next(directory);
      for (; !names.isEmpty(); names = walk.kernel.next(directory)) {
        for (byte[] name : names) {
          if (entries.size() >= max) {
            throw new WorkspaceException(
                Reason.TOO_LARGE, path + " holds more than " + max + " entries");
          }
          Stat stat = walk.kernel.stat(directory, name);
          entries.add(entry(name, stat, stat.link() ? target(walk, directory, name) : null));
        }
      }
      return entries;
    } catch (Errno e) {
      throw told(path, e);
    }
  }

  /**
   * Writes a file whole: a reader, or a crash in the middle, meets the old or the new content. Its
   * directory must be there.
   */
  public void write(WorkspacePath path, byte[] content) throws WorkspaceException {
    try (Walk walk = new Walk(path)) {
      byte[] name = walk.name();
      int mode = walk.modeToReplace(name);
      byte[] fresh = (".helm-write-" + UUID.randomUUID()).getBytes(StandardCharsets.US_ASCII);
      int flags = Kernel.WRONLY | Kernel.CREATE | Kernel.EXCLUSIVE | Kernel.NOFOLLOW;
      int file = walk.open(fresh, flags, 0600);
      boolean done = false;
      try {
        walk.kernel.write(file, content);
        walk.kernel.mode(file, mode);
        walk.giveAsRootIs(file, fresh);
        walk.kernel.rename(walk.parent(), fresh, walk.parent(), name);
        done = true;
      } finally {
        if (!done) {
          walk.kernel.remove(walk.parent(), fresh, false);
        }
      }
    } catch (Errno e) {
      throw told(path, e);
    }
  }

  private static @Nullable String target(Walk walk, int directory, byte[] name) {
    try {
      byte[] target = walk.kernel.readLink(directory, name);
      return WorkspacePath.shown(new String(target, StandardCharsets.UTF_8));
    } catch (Errno e) {
      return null; // it is something else by now
    }
  }

  private static Entry entry(byte[] name, Stat stat, @Nullable String target) {
    Type type =
        stat.regular()
            ? Type.FILE
            : stat.directory() ? Type.DIRECTORY : stat.link() ? Type.LINK : Type.OTHER;
    String text = new String(name, StandardCharsets.UTF_8);
    return new Entry(WorkspacePath.shown(text), type, stat.size(), stat.permissions(), target);
  }

  private static WorkspaceException tooLarge(WorkspacePath path, long maxBytes) {
    return new WorkspaceException(
        Reason.TOO_LARGE, path + " is larger than " + (maxBytes >> 20) + " MB; use a smaller file");
  }

  private static WorkspaceException told(WorkspacePath path, Errno e) {
    return switch (e.number()) {
      case Errno.ENOENT ->
          new WorkspaceException(Reason.NOT_FOUND, path + " does not exist; check its name");
      case Errno.ELOOP ->
          new WorkspaceException(
              Reason.LINK, path + " is or goes through a link; name the file's own path");
      case Errno.ENOTDIR ->
          new WorkspaceException(
              Reason.WRONG_TYPE, path + " goes through something that is no directory");
      case Errno.ENOSPC, Errno.EDQUOT ->
          new WorkspaceException(
              Reason.FULL, path + " cannot be written: the workspace is full; delete files");
      default ->
          new WorkspaceException(
              Reason.REFUSED, path + " cannot be used: " + e.getMessage() + "; check its mode");
    };
  }

  /** Open directories from the workspace to where a path leads. */
  private final class Walk implements AutoCloseable {
    final Kernel kernel = new Kernel();
    private final WorkspacePath path;
    private final Deque<Integer> open = new ArrayDeque<>();
    private final List<Integer> others = new ArrayList<>();
    private final Stat base;
    private final byte[] last;

    /** Opens all but the last name. */
    Walk(WorkspacePath path) throws WorkspaceException, Errno {
      this.path = path;
      boolean whole = false;
      try {
        open.push(kernel.openRoot(root));
        base = kernel.stat(parent());
        List<byte[]> names = new ArrayList<>(path.names());
        byte[] end = new byte[] {'.'};
        if (!names.isEmpty() && !up(names.getLast())) {
          end = names.removeLast();
        }
        last = end;
        for (byte[] name : names) {
          enter(name);
        }
        whole = true;
      } finally {
        if (!whole) {
          close();
        }
      }
    }

    int parent() {
      return open.getFirst();
    }

    /** The last name, which is to be a file's. */
    byte[] name() throws WorkspaceException {
      if (last.length == 1 && last[0] == '.') {
        throw new WorkspaceException(Reason.WRONG_TYPE, path + " is a directory; name a file");
      }
      return last;
    }

    /** The same, once it was seen that a regular file is there. */
    byte[] file() throws WorkspaceException, Errno {
      requireFile(kernel.stat(parent(), name()));
      return last;
    }

    void requireFile(Stat stat) throws WorkspaceException {
      if (stat.link()) {
        throw new WorkspaceException(Reason.LINK, path + " is a link; name the file's own path");
      }
      if (!stat.regular()) {
        throw new WorkspaceException(
            Reason.WRONG_TYPE, path + " is not a regular file; only regular files can be used");
      }
    }

    int modeToReplace(byte[] name) throws WorkspaceException, Errno {
      try {
        Stat there = kernel.stat(parent(), name);
        requireFile(there);
        return there.permissions();
      } catch (Errno e) {
        if (e.number() == Errno.ENOENT) {
          return 0644;
        }
        throw e;
      }
    }

    /** Where the service is root, its files have to be the container's. */
    void giveAsRootIs(int file, byte[] name) throws Errno {
      if (kernel.stat(file).uid() != base.uid()) {
        kernel.owner(parent(), name, base.uid());
      }
    }

    int open(byte[] name, int flags, int mode) throws Errno {
      int file = kernel.openAt(parent(), name, flags, mode);
      others.add(file);
      return file;
    }

    /** The last name's directory, to be listed. */
    int directory() throws WorkspaceException, Errno {
      int directory = openDirectory(last, Kernel.RDONLY);
      others.add(directory);
      return directory;
    }

    private void enter(byte[] name) throws WorkspaceException, Errno {
      if (!up(name)) {
        open.push(openDirectory(name, Kernel.PATH));
        return;
      }
      if (open.size() == 1) {
        throw new WorkspaceException(
            Reason.BAD_PATH,
            path + " leads out of the workspace by ..; only files in /workspace can be used");
      }
      // Not the kernel's "..": the directory may have been moved elsewhere meanwhile.
      kernel.close(open.pop());
    }

    private int openDirectory(byte[] name, int how) throws WorkspaceException, Errno {
      int directory;
      try {
        int flags = how | Kernel.DIRECTORY | Kernel.NOFOLLOW;
        directory = kernel.openAt(parent(), name, flags, 0);
      } catch (Errno e) {
        if (e.number() == Errno.ENOTDIR && kernel.stat(parent(), name).link()) {
          throw new Errno("open", Errno.ELOOP);
        }
        throw e;
      }
      // A bind mount or another file system below the workspace would be somebody else's files.
      if (!kernel.stat(directory).sameMount(base)) {
        kernel.close(directory);
        throw new WorkspaceException(
            Reason.BAD_PATH, path + " leads to another file system and is refused");
      }
      return directory;
    }

    private static boolean up(byte[] name) {
      return name.length == 2 && name[0] == '.' && name[1] == '.';
    }

    @Override
    public void close() {
      open.forEach(kernel::close);
      others.forEach(kernel::close);
      kernel.close();
    }
  }

  /** Whether the workspace's own directory can be opened at all. */
  public boolean exists() {
    try (Walk unused = new Walk(WorkspacePath.of("."))) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
