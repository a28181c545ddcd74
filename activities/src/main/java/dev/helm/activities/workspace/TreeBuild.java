package dev.helm.activities.workspace;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Builds a stored tree in an empty directory beside the one that it will take the place of. Files
 * that are the same in both are linked, not copied: nobody writes either until one of them is gone.
 *
 * @param <I> what names content in the store
 */
public final class TreeBuild<I> {
  private static final int EINVAL = 22;
  private static final int ENOSYS = 38;

  private final Kernel kernel;
  private final Source<I> source;
  private final int owner;

  private TreeBuild(Kernel kernel, Source<I> source, int owner) {
    this.kernel = kernel;
    this.source = source;
    this.owner = owner;
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
   * Builds; returns when all of it is on the disk.
   *
   * @param old a directory in which nobody writes, and {@code oldTree} what it holds
   * @param fresh an empty directory on the same file system
   * @param owner who gets the tree, -1 for the calling user
   * @throws WorkspaceException there is no room
   */
  public static <I> void run(Path old, I oldTree, Path fresh, I wanted, Source<I> source, int owner)
      throws IOException {
    try (Kernel kernel = new Kernel()) {
      TreeBuild<I> build = new TreeBuild<>(kernel, source, owner);
      int from = kernel.openRoot(old);
      int to = -1;
      try {
        to = kernel.openRoot(fresh);
        build.contents(from, oldTree, to, wanted);
        kernel.mode(to, kernel.stat(from).permissions());
        build.own(to, ascii("."));
        kernel.syncFileSystem(to);
      } catch (Errno e) {
        throw e.full()
            ? new WorkspaceException(Reason.FULL, "there is no room for the workspace's files")
            : e;
      } finally {
        kernel.close(from);
        if (to >= 0) {
          kernel.close(to);
        }
      }
    }
  }

  /**
   * Two directories of one parent change places at one moment.
   *
   * @throws UnsupportedOperationException this file system cannot do that
   */
  public static void exchange(Path parent, String one, String other) throws IOException {
    try (Kernel kernel = new Kernel()) {
      int fd = kernel.openRoot(parent);
      try {
        kernel.exchange(fd, ascii(one), fd, ascii(other));
        kernel.sync(fd);
      } catch (Errno e) {
        if (e.number() == EINVAL || e.number() == ENOSYS) {
          throw new UnsupportedOperationException("directories cannot be exchanged here", e);
        }
        throw e;
      } finally {
        kernel.close(fd);
      }
    }
  }

  private static byte[] ascii(String name) {
    return name.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  private void contents(int from, @Nullable I oldTree, int to, I wanted) throws IOException {
    Map<ByteBuffer, TreeItem<I>> had = new HashMap<>();
    if (from >= 0 && oldTree != null) {
      for (TreeItem<I> item : source.list(oldTree)) {
        had.put(ByteBuffer.wrap(item.name()), item);
      }
    }
    for (TreeItem<I> item : source.list(wanted)) {
      TreeItem<I> before = had.get(ByteBuffer.wrap(item.name()));
      switch (item.kind()) {
        case DIRECTORY -> directory(from, before, to, item);
        case FILE -> file(from, before, to, item);
        case LINK -> {
          kernel.makeLink(source.target(item.id()), to, item.name());
          own(to, item.name());
        }
      }
    }
  }

  private void directory(int from, @Nullable TreeItem<I> before, int to, TreeItem<I> item)
      throws IOException {
    kernel.makeDirectory(to, item.name(), 0700);
    int below = kernel.openAt(to, item.name(), directoryFlags(), 0);
    int old = -1;
    try {
      if (before != null && before.kind() == TreeNode.Kind.DIRECTORY) {
        boolean locked = (before.permissions() & 0700) != 0700;
        if (locked) {
          kernel.mode(from, item.name(), before.permissions() | 0700);
        }
        old = kernel.openAt(from, item.name(), directoryFlags(), 0);
        contents(old, before.id(), below, item.id());
        if (locked) {
          kernel.mode(old, before.permissions());
        }
      } else {
        contents(-1, null, below, item.id());
      }
      kernel.mode(below, item.permissions());
    } finally {
      kernel.close(below);
      if (old >= 0) {
        kernel.close(old);
      }
    }
    own(to, item.name());
  }

  private static int directoryFlags() {
    return Kernel.RDONLY | Kernel.DIRECTORY | Kernel.NOFOLLOW;
  }

  private void file(int from, @Nullable TreeItem<I> before, int to, TreeItem<I> item)
      throws IOException {
    if (before != null && before.equals(withName(item, before)) && linked(from, to, item)) {
      return;
    }
    int flags = Kernel.WRONLY | Kernel.CREATE | Kernel.EXCLUSIVE | Kernel.NOFOLLOW;
    int file = kernel.openAt(to, item.name(), flags, 0600);
    try {
      source.copy(item.id(), new Out(file));
      kernel.mode(file, item.permissions());
    } finally {
      kernel.close(file);
    }
    own(to, item.name());
  }

  /** Records with arrays are equal only by their arrays' identity. */
  private TreeItem<I> withName(TreeItem<I> item, TreeItem<I> like) {
    return new TreeItem<>(like.name(), item.kind(), item.permissions(), item.id());
  }

  private boolean linked(int from, int to, TreeItem<I> item) throws Errno {
    try {
      kernel.hardLink(from, item.name(), to, item.name());
      return true;
    } catch (Errno e) {
      if (e.number() == Errno.EMLINK) {
        return false;
      }
      throw e;
    }
  }

  private void own(int to, byte[] name) throws Errno {
    if (owner >= 0) {
      kernel.owner(to, name, owner);
    }
  }

  private final class Out extends OutputStream {
    private final int file;

    Out(int file) {
      this.file = file;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      kernel.write(file, java.util.Arrays.copyOfRange(bytes, offset, offset + length));
    }
  }
}
