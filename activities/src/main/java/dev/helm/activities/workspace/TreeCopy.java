package dev.helm.activities.workspace;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Copies a tree that a container wrote and that nobody changes any more from one file system to
 * another: modes without setuid and setgid, times, links as they are, hard links, holes. Sockets,
 * FIFOs, devices, and what is beyond a limit, are left out and named.
 */
public final class TreeCopy {
  private static final int NOTES_MAX = 20;
  private static final long SEND_BYTES = 64L << 20;

  private final Kernel kernel;
  private final WorkspaceLimits limits;
  private final int owner;
  private final List<String> notes = new ArrayList<>();
  private final Set<Long> linked = new HashSet<>();
  private final byte[] scratchName =
      (".links-" + UUID.randomUUID()).getBytes(StandardCharsets.US_ASCII);
  private int target = -1;
  private int scratch = -1;
  private long entries;
  private long bytes;
  private long beyond;
  private long special;
  private @Nullable String skip;

  private TreeCopy(Kernel kernel, WorkspaceLimits limits, int owner) {
    this.kernel = kernel;
    this.limits = limits;
    this.owner = owner;
  }

  /**
   * What was copied.
   *
   * @param beyond how many entries were not, because of a limit
   * @param special how many sockets, FIFOs and devices were not
   * @param notes why, for the first of both
   */
  public record Report(long entries, long bytes, long beyond, long special, List<String> notes) {
    /** Copies the list. */
    public Report {
      notes = List.copyOf(notes);
    }
  }

  /**
   * Copies what {@code from} holds into {@code to}, both directories of the host; returns when it
   * is on the disk.
   *
   * @param skip the name of one entry of {@code from} that is not copied, or null
   * @param limits what may be copied; more is left out
   * @param owner who gets the copy, -1 for the calling user
   * @throws WorkspaceException there is no room
   */
  public static Report run(
      Path from, Path to, @Nullable String skip, WorkspaceLimits limits, int owner)
      throws IOException {
    try (Kernel kernel = new Kernel()) {
      int source = kernel.openRoot(from);
      int target = -1;
      TreeCopy copy = new TreeCopy(kernel, limits, owner);
      try {
        target = kernel.openRoot(to);
        copy.target = target;
        copy.skip = skip;
        copy.contents(source, target, 1);
        copy.removeScratch();
        Stat top = kernel.stat(source);
        kernel.mode(target, top.permissions() | 0700);
        kernel.syncFileSystem(target);
        return new Report(copy.entries, copy.bytes, copy.beyond, copy.special, copy.notes);
      } catch (Errno e) {
        throw e.full()
            ? new WorkspaceException(
                Reason.FULL,
                "there is no room for the workspace's files on the disk of " + to.getFileName())
            : e;
      } finally {
        copy.closeAll(source, target);
      }
    }
  }

  private void closeAll(int source, int target) {
    kernel.close(source);
    if (target >= 0) {
      kernel.close(target);
    }
    if (scratch >= 0) {
      kernel.close(scratch);
    }
  }

  private void contents(int source, int to, int depth) throws IOException {
    List<byte[]> names = kernel.next(source);
    for (; !names.isEmpty(); names = kernel.next(source)) {
      for (byte[] name : names) {
        entry(source, to, name, depth);
      }
    }
  }

  private void entry(int source, int to, byte[] name, int depth) throws IOException {
    if (depth == 1 && skip != null && skip.equals(new String(name, StandardCharsets.UTF_8))) {
      return;
    }
    Stat stat = kernel.stat(source, name);
    if (entries >= limits.files()) {
      leaveOut(name, "there are more than " + limits.files() + " entries");
    } else if (stat.directory()) {
      if (depth >= limits.depth()) {
        leaveOut(name, "it is deeper than " + limits.depth() + " levels");
        return;
      }
      directory(source, to, name, stat, depth);
    } else if (stat.regular()) {
      file(source, to, name, stat);
    } else if (stat.link()) {
      kernel.makeLink(kernel.readLink(source, name), to, name);
      finish(to, name, stat);
    } else {
      // A socket or FIFO on the host's disk would wait for the next reader.
      special++;
      note(name, "it is a socket, FIFO or device");
    }
  }

  private void directory(int source, int to, byte[] name, Stat stat, int depth) throws IOException {
    entries++;
    kernel.makeDirectory(to, name, 0700);
    int below = -1;
    int copied = -1;
    try {
      below = openReadable(source, name, stat, Kernel.DIRECTORY);
      copied = kernel.openAt(to, name, Kernel.RDONLY | Kernel.DIRECTORY | Kernel.NOFOLLOW, 0);
      contents(below, copied, depth + 1);
      kernel.mode(copied, stat.permissions());
    } finally {
      if (below >= 0) {
        kernel.close(below);
      }
      if (copied >= 0) {
        kernel.close(copied);
      }
    }
    own(to, name);
    kernel.modified(to, name, stat);
  }

  private void file(int source, int to, byte[] name, Stat stat) throws IOException {
    if (stat.links() > 1 && linked.contains(stat.inode())) {
      oneMoreName(to, name, stat);
      entries++;
      return;
    }
    long room = limits.bytes() - bytes;
    if (Math.min(stat.size(), stat.blocks() * 512) > room) {
      leaveOut(name, "there are more than " + (limits.bytes() >> 20) + " MB");
      return;
    }
    int from = openReadable(source, name, stat, Kernel.NONBLOCK);
    int file = -1;
    try {
      int flags = Kernel.WRONLY | Kernel.CREATE | Kernel.EXCLUSIVE | Kernel.NOFOLLOW;
      file = kernel.openAt(to, name, flags, 0600);
      data(from, file, stat.size());
      // setuid and setgid are not among these bits.
      kernel.mode(file, stat.permissions());
    } finally {
      kernel.close(from);
      if (file >= 0) {
        kernel.close(file);
      }
    }
    finish(to, name, stat);
    if (stat.links() > 1) {
      kernel.hardLink(to, name, scratch(), inodeName(stat));
      linked.add(stat.inode());
    }
  }

  private void oneMoreName(int to, byte[] name, Stat stat) throws Errno {
    try {
      kernel.hardLink(scratch(), inodeName(stat), to, name);
    } catch (Errno e) {
      if (e.number() != Errno.EMLINK) {
        throw e;
      }
      // An agent gives a file all names it can have: the scratch name becomes the last of them, and
      // what the source's file system allows beyond that is linked to a copy of its own.
      kernel.rename(scratch(), inodeName(stat), to, name);
      linked.remove(stat.inode());
    }
  }

  /** Only what is there is copied: a file of a terabyte may be one hole. */
  private void data(int from, int to, long size) throws Errno {
    for (long at = kernel.seek(from, 0, Kernel.SEEK_DATA); at >= 0 && at < size; ) {
      long end = Math.min(size, kernel.seek(from, at, Kernel.SEEK_HOLE));
      kernel.seek(from, at, Kernel.SEEK_SET);
      kernel.seek(to, at, Kernel.SEEK_SET);
      while (at < end) {
        long sent = kernel.send(to, from, Math.min(SEND_BYTES, end - at));
        if (sent == 0) {
          break;
        }
        at += sent;
        bytes += sent;
      }
      at = kernel.seek(from, Math.max(at, end), Kernel.SEEK_DATA);
    }
    kernel.length(to, size);
  }

  /** Its owner may have taken the right to read from itself; the original goes away anyway. */
  private int openReadable(int source, byte[] name, Stat stat, int flags) throws Errno {
    int all = Kernel.RDONLY | Kernel.NOFOLLOW | flags;
    try {
      return kernel.openAt(source, name, all, 0);
    } catch (Errno e) {
      if (e.number() != Errno.EACCES) {
        throw e;
      }
      kernel.mode(source, name, stat.permissions() | (stat.directory() ? 0700 : 0600));
      return kernel.openAt(source, name, all, 0);
    }
  }

  private void finish(int to, byte[] name, Stat stat) throws Errno {
    entries++;
    own(to, name);
    kernel.modified(to, name, stat);
  }

  private void own(int to, byte[] name) throws Errno {
    if (owner >= 0) {
      kernel.owner(to, name, owner);
    }
  }

  private static byte[] inodeName(Stat stat) {
    return Long.toString(stat.inode()).getBytes(StandardCharsets.US_ASCII);
  }

  /** Holds one more name of each file that has several, so that the others can be linked to it. */
  private int scratch() throws Errno {
    if (scratch < 0) {
      kernel.makeDirectory(target, scratchName, 0700);
      int flags = Kernel.RDONLY | Kernel.DIRECTORY | Kernel.NOFOLLOW;
      scratch = kernel.openAt(target, scratchName, flags, 0);
    }
    return scratch;
  }

  private void removeScratch() throws Errno {
    if (scratch < 0) {
      return;
    }
    for (long inode : linked) {
      byte[] name = Long.toString(inode).getBytes(StandardCharsets.US_ASCII);
      kernel.remove(scratch, name, false);
    }
    kernel.remove(target, scratchName, true);
  }

  private void leaveOut(byte[] name, String why) {
    beyond++;
    note(name, why);
  }

  private void note(byte[] name, String why) {
    if (notes.size() < NOTES_MAX) {
      String text = new String(name, StandardCharsets.UTF_8);
      notes.add(WorkspacePath.shown(text) + ": " + why);
    }
  }
}
