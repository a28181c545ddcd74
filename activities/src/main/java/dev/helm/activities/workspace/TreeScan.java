package dev.helm.activities.workspace;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tree into a store of content, through no-follow handles: what a hostile container
 * exchanges meanwhile leads nowhere. A file is read again only if the kernel says that it was
 * touched: inode, size, change time and mode, none of which an agent can forge together.
 *
 * @param <I> what names content in the store
 */
public final class TreeScan<I> {
  /**
   * A change time as young as this may come again at the next write, so the file is read once more.
   */
  private static final long YOUNG_NS = 100_000_000;

  /** A FIFO's or socket's answer to being opened. */
  private static final int ENXIO = 6;

  /** A file's answer to being read as a link. */
  private static final int EINVAL = 22;

  /** Most entries that are named; all are counted. */
  public static final int NAMED_MAX = 1_000;

  private static final int TRIES = 3;

  private final Kernel kernel;
  private final Store<I> store;
  private final WorkspaceLimits limits;
  private final Stat base;
  private final long startedNs;
  private final List<Skipped> named = new ArrayList<>();
  private final List<byte[]> above = new ArrayList<>();
  private long entries;
  private long readBytes;
  private long skipped;
  private long special;

  private TreeScan(Kernel kernel, Store<I> store, WorkspaceLimits limits, Stat base, Clock clock) {
    this.kernel = kernel;
    this.store = store;
    this.limits = limits;
    this.base = base;
    this.startedNs = Math.multiplyExact(clock.millis(), 1_000_000L);
  }

  /** Where content goes; the same content has the same name. */
  public interface Store<I> {
    /**
     * Keeps a file.
     *
     * @param size what the kernel says of it; fewer or more bytes may come
     * @throws WorkspaceException this content cannot be kept; the file is skipped
     */
    I file(Source content, long size) throws IOException;

    /** Keeps a link's target. */
    I link(byte[] target) throws IOException;

    /** Keeps a directory; the entries are in no order. */
    I directory(List<TreeNode<I>> entries) throws IOException;
  }

  /** A file's content. */
  @FunctionalInterface
  public interface Source {
    /** Reads from the beginning; of several streams only the newest is read from. */
    InputStream open() throws IOException;
  }

  /**
   * What was found.
   *
   * @param root the tree
   * @param skipped entries that cannot be kept: sockets, FIFOs, devices, what is beyond a limit
   * @param special how many of them are sockets, FIFOs or devices
   * @param named the first {@link #NAMED_MAX} of them
   */
  public record Scanned<I>(TreeNode<I> root, long skipped, long special, List<Skipped> named) {
    /** Copies the list. */
    public Scanned {
      named = List.copyOf(named);
    }
  }

  /**
   * An entry that cannot be kept.
   *
   * @param path its names from the root
   * @param special a socket, FIFO or device: it has no content that could be lost
   * @param why for people
   */
  public record Skipped(List<byte[]> path, boolean special, String why) {
    /** Copies the list. */
    public Skipped {
      path = List.copyOf(path);
    }

    /** The path as people may see it. */
    public String shown() {
      return path.stream()
          .map(name -> WorkspacePath.shown(new String(name, StandardCharsets.UTF_8)))
          .collect(Collectors.joining("/"));
    }
  }

  /**
   * Scans a tree.
   *
   * @param before what the scan before found there, or null
   */
  public static <I> Scanned<I> run(
      Path root, @Nullable TreeNode<I> before, Store<I> store, WorkspaceLimits limits, Clock clock)
      throws IOException {
    try (Kernel kernel = new Kernel()) {
      int fd = kernel.openRoot(root);
      try {
        Stat top = kernel.stat(fd);
        TreeScan<I> scan = new TreeScan<>(kernel, store, limits, top, clock);
        TreeNode<I> found = scan.directory(fd, new byte[0], top, before, 1);
        return new Scanned<>(found, scan.skipped, scan.special, scan.named);
      } finally {
        kernel.close(fd);
      }
    }
  }

  private TreeNode<I> directory(
      int fd, byte[] name, Stat stat, @Nullable TreeNode<I> before, int depth) throws IOException {
    Known<I> known = new Known<>(before);
    List<TreeNode<I>> children = new ArrayList<>(known.size());
    List<byte[]> names = kernel.next(fd);
    for (; !names.isEmpty(); names = kernel.next(fd)) {
      for (byte[] child : names) {
        TreeNode<I> found = entry(fd, child, known.find(child), depth);
        if (found != null) {
          children.add(found);
        }
      }
    }
    if (before != null && before.permissions() == stat.permissions() && known.same(children)) {
      return before;
    }
    I id = store.directory(children);
    return new TreeNode<>(name, id, stat.permissions(), List.copyOf(children));
  }

  private @Nullable TreeNode<I> entry(int fd, byte[] name, @Nullable TreeNode<I> before, int depth)
      throws IOException {
    entries++;
    for (int tries = 1; ; tries++) {
      try {
        return look(fd, name, before, depth);
      } catch (Errno e) {
        // Gone, or another kind of thing by now: it is looked at again.
        boolean moved =
            e.number() == Errno.ENOENT
                || e.number() == Errno.ELOOP
                || e.number() == Errno.ENOTDIR
                || e.number() == ENXIO
                || e.number() == EINVAL;
        if (!moved) {
          throw e;
        }
        if (e.number() == Errno.ENOENT) {
          return null;
        }
        if (tries == TRIES) {
          skip(name, "it changed while it was looked at");
          return null;
        }
      }
    }
  }

  private @Nullable TreeNode<I> look(int fd, byte[] name, @Nullable TreeNode<I> before, int depth)
      throws IOException {
    Stat stat = kernel.stat(fd, name);
    if (!stat.directory() && !stat.regular() && !stat.link()) {
      // Attack: so many of them are made that files are beyond the limit.
      entries--;
      skip(name, true, "it is a socket, FIFO or device");
      return null;
    }
    if (entries > limits.files()) {
      skip(name, "there are more than " + limits.files() + " entries");
      return null;
    }
    if (stat.directory()) {
      return below(fd, name, stat, isA(before, TreeNode.Kind.DIRECTORY), depth);
    }
    if (stat.regular()) {
      TreeNode<I> file = isA(before, TreeNode.Kind.FILE);
      return file != null && file.unchanged(stat) ? file : file(fd, name, stat);
    }
    TreeNode<I> link = isA(before, TreeNode.Kind.LINK);
    return link != null && link.unchanged(stat)
        ? link
        : new TreeNode<>(
            name, TreeNode.Kind.LINK, store.link(kernel.readLink(fd, name)), stat, trusted(stat));
  }

  private static <I> @Nullable TreeNode<I> isA(@Nullable TreeNode<I> node, TreeNode.Kind kind) {
    return node != null && node.kind() == kind ? node : null;
  }

  private @Nullable TreeNode<I> below(
      int fd, byte[] name, Stat stat, @Nullable TreeNode<I> before, int depth) throws IOException {
    if (depth >= limits.depth()) {
      skip(name, "it is deeper than " + limits.depth() + " levels");
      return null;
    }
    if (!stat.sameMount(base)) {
      skip(name, "it is another file system");
      return null;
    }
    Opened opened = open(fd, name, stat, Kernel.DIRECTORY, 0700);
    try {
      if (!kernel.stat(opened.fd()).sameMount(base)) {
        throw new Errno("open", Errno.ENOTDIR);
      }
      above.addLast(name);
      try {
        return directory(opened.fd(), name, stat, before, depth + 1);
      } finally {
        above.removeLast();
      }
    } finally {
      close(opened);
    }
  }

  private @Nullable TreeNode<I> file(int fd, byte[] name, Stat seen) throws IOException {
    long room = 2 * Math.min(limits.bytes(), Long.MAX_VALUE / 4) - readBytes;
    if (seen.size() > Math.min(limits.bytes(), room)) {
      skip(name, "it is larger than a workspace may be");
      return null;
    }
    Opened opened = open(fd, name, seen, Kernel.NONBLOCK, 0600);
    try {
      Stat stat = kernel.stat(opened.fd());
      if (!stat.regular() || !stat.sameMount(base)) {
        throw new Errno("open", Errno.ELOOP);
      }
      readBytes += stat.size();
      I id;
      try {
        id = store.file(() -> stream(opened.fd()), stat.size());
      } catch (WorkspaceException e) {
        skip(name, String.valueOf(e.getMessage()));
        return null;
      }
      // Written while it was read: what was kept is what was read, and it is read again next time.
      boolean still = kernel.stat(opened.fd()).untouchedSince(stat) && opened.lifted() < 0;
      return new TreeNode<>(name, TreeNode.Kind.FILE, id, seen, still ? trusted(stat) : null);
    } finally {
      close(opened);
    }
  }

  private @Nullable Stat trusted(Stat stat) {
    long changedNs = stat.ctimeSeconds() * 1_000_000_000L + stat.ctimeNanos();
    return changedNs < startedNs - YOUNG_NS ? stat : null;
  }

  /**
   * An open file or directory.
   *
   * @param lifted a second handle, if its owner had taken the right to read from itself, else -1
   * @param mode what it gets back then
   */
  private record Opened(int fd, int lifted, int mode) {}

  private Opened open(int fd, byte[] name, Stat stat, int flags, int needed) throws Errno {
    int all = Kernel.RDONLY | Kernel.NOFOLLOW | flags;
    try {
      return new Opened(kernel.openAt(fd, name, all, 0), -1, 0);
    } catch (Errno e) {
      if (e.number() != Errno.EACCES) {
        throw e;
      }
    }
    int path = kernel.openAt(fd, name, Kernel.PATH | Kernel.NOFOLLOW, 0);
    boolean whole = false;
    try {
      Stat there = kernel.stat(path);
      if (there.link() || !there.sameMount(base)) {
        throw new Errno("open", Errno.ELOOP);
      }
      kernel.modeOfPath(path, there.permissions() | needed);
      Opened opened =
          new Opened(kernel.reopen(path, Kernel.RDONLY | flags), path, stat.permissions());
      whole = true;
      return opened;
    } finally {
      if (!whole) {
        kernel.close(path);
      }
    }
  }

  private void close(Opened opened) throws Errno {
    kernel.close(opened.fd());
    if (opened.lifted() >= 0) {
      try {
        kernel.modeOfPath(opened.lifted(), opened.mode());
      } finally {
        kernel.close(opened.lifted());
      }
    }
  }

  private InputStream stream(int fd) throws Errno {
    kernel.seek(fd, 0, Kernel.SEEK_SET);
    return new FileStream(kernel, fd);
  }

  private void skip(byte[] name, String why) {
    skip(name, false, why);
  }

  private void skip(byte[] name, boolean special, String why) {
    skipped++;
    this.special += special ? 1 : 0;
    if (named.size() < NAMED_MAX) {
      List<byte[]> path = new ArrayList<>(above);
      path.add(name);
      named.add(new Skipped(path, special, why));
    }
  }

  /** What the scan before found in a directory; mostly the same names come in the same order. */
  private static final class Known<I> {
    private final List<TreeNode<I>> children;
    private @Nullable Map<Name, TreeNode<I>> byName;
    private int next;

    Known(@Nullable TreeNode<I> before) {
      this.children = before == null ? List.of() : before.children();
    }

    int size() {
      return children.size();
    }

    @Nullable TreeNode<I> find(byte[] name) {
      if (next < children.size() && Arrays.equals(children.get(next).name(), name)) {
        return children.get(next++);
      }
      Map<Name, TreeNode<I>> names = byName;
      if (names == null) {
        names = HashMap.newHashMap(children.size());
        for (TreeNode<I> child : children) {
          names.put(new Name(child.name()), child);
        }
        byName = names;
      }
      return names.get(new Name(name));
    }

    boolean same(List<TreeNode<I>> now) {
      if (now.size() != children.size()) {
        return false;
      }
      for (int i = 0; i < now.size(); i++) {
        if (now.get(i) != children.get(i)) {
          return false;
        }
      }
      return true;
    }
  }

  private record Name(byte[] bytes) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Name name && Arrays.equals(bytes, name.bytes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }
  }

  private static final class FileStream extends InputStream {
    private final Kernel kernel;
    private final int fd;
    private byte[] part = new byte[0];
    private int at;
    private boolean ended;

    FileStream(Kernel kernel, int fd) {
      this.kernel = kernel;
      this.fd = fd;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (at == part.length && !ended) {
        part = kernel.read(fd);
        at = 0;
        ended = part.length == 0;
      }
      if (ended) {
        return -1;
      }
      int given = Math.min(length, part.length - at);
      System.arraycopy(part, at, to, offset, given);
      at += given;
      return given;
    }
  }
}
