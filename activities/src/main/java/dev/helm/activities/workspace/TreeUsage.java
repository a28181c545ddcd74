package dev.helm.activities.workspace;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a tree takes while somebody may be writing it.
 *
 * @param bytes allocated space, each file once
 * @param files entries of all kinds
 * @param depth deepest level of directories
 * @param hidden a directory that could not be looked into, or null
 * @param complete false if the walk stopped because a limit was passed
 */
public record TreeUsage(
    long bytes,
    long files,
    int depth,
    @org.jspecify.annotations.Nullable String hidden,
    boolean complete) {

  /** Nothing. */
  public static final TreeUsage NONE = new TreeUsage(0, 0, 0, null, true);

  /** Walks a tree; stops as soon as one limit is passed, so that its cost is bounded. */
  public static TreeUsage measure(Path root, WorkspaceLimits limits) throws IOException {
    try (Kernel kernel = new Kernel()) {
      Measure measure = new Measure(kernel, limits);
      measure.top(root);
      return new TreeUsage(
          measure.bytes, measure.files, measure.depth, measure.hidden, !measure.over());
    }
  }

  /**
   * Whether a failed measurement says nothing about the tree: the service itself is out of file
   * handles or memory.
   */
  public static boolean isOwnShortage(Exception failure) {
    return failure instanceof Errno errno && errno.shortage();
  }

  /** What the file system that holds this directory has. */
  public static DiskSpace space(Path directory) throws IOException {
    try (Kernel kernel = new Kernel()) {
      int fd = kernel.openRoot(directory);
      try {
        Kernel.Space space = kernel.space(fd);
        return new DiskSpace(space.bytes(), space.freeBytes(), space.files(), space.freeFiles());
      } finally {
        kernel.close(fd);
      }
    }
  }

  /** All of the file system that holds this directory reaches the disk. */
  public static void sync(Path directory) throws IOException {
    try (Kernel kernel = new Kernel()) {
      int fd = kernel.openRoot(directory);
      try {
        kernel.syncFileSystem(fd);
      } finally {
        kernel.close(fd);
      }
    }
  }

  /** A file system's size and what is free of it. */
  public record DiskSpace(long bytes, long freeBytes, long files, long freeFiles) {}

  private static final class Measure {
    private final Kernel kernel;
    private final WorkspaceLimits limits;
    private final Set<Long> seen = new HashSet<>();
    private long bytes;
    private long files;
    private int depth;
    private @org.jspecify.annotations.Nullable String hidden;

    Measure(Kernel kernel, WorkspaceLimits limits) {
      this.kernel = kernel;
      this.limits = limits;
    }

    boolean over() {
      return bytes > limits.bytes() || files > limits.files() || depth > limits.depth();
    }

    void top(Path root) throws Errno {
      int fd;
      try {
        fd = kernel.openRoot(root);
      } catch (Errno e) {
        if (e.number() != Errno.EACCES) {
          throw e;
        }
        hidden = "/slot";
        return;
      }
      try {
        directory(fd, 1);
      } finally {
        kernel.close(fd);
      }
    }

    void directory(int fd, int level) throws Errno {
      depth = Math.max(depth, level);
      List<byte[]> names = over() ? List.of() : kernel.next(fd);
      for (; !names.isEmpty(); names = over() ? List.of() : kernel.next(fd)) {
        for (byte[] name : names) {
          if (over()) {
            return;
          }
          entry(fd, name, level);
        }
      }
    }

    private void entry(int fd, byte[] name, int level) throws Errno {
      Stat stat;
      try {
        stat = kernel.stat(fd, name);
      } catch (Errno e) {
        closed(name, e);
        return;
      }
      files++;
      if (stat.directory() || stat.links() < 2 || seen.add(stat.inode())) {
        bytes += stat.blocks() * 512;
      }
      if (!stat.directory()) {
        return;
      }
      int below;
      try {
        below = kernel.openAt(fd, name, Kernel.RDONLY | Kernel.DIRECTORY | Kernel.NOFOLLOW, 0);
      } catch (Errno e) {
        closed(name, e);
        return;
      }
      try {
        directory(below, level + 1);
      } finally {
        kernel.close(below);
      }
    }

    /** What went away meanwhile is nothing; what is locked could hide anything. */
    private void closed(byte[] name, Errno e) throws Errno {
      if (e.shortage()) {
        throw e;
      }
      if (e.number() == Errno.EACCES) {
        hidden = WorkspacePath.shown(new String(name, StandardCharsets.UTF_8));
      }
    }
  }
}
