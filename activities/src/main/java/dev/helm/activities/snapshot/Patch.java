package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.zip.Deflater;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.util.Base85;
import org.eclipse.jgit.util.QuotedString;
import org.jspecify.annotations.Nullable;

/**
 * A unified patch that {@code git apply} takes, binary files and renames included. Git knows of
 * modes only whether a file may be executed, and of empty directories nothing.
 */
public final class Patch {
  /** Most bytes of the files; what is beyond is left out and named in its first lines. */
  public static final int BYTES_MAX = 32 << 20;

  private static final int BINARY_BYTES_MAX = 4 << 20;
  private static final int LINE_BYTES = 52;

  /** Files of patches that are worked on at a time. */
  private static final Semaphore FILES = new Semaphore(4);

  private static final String NONE = "/dev/null";

  private final SnapshotRepository repository;
  private final List<TreeDiff.Change> changes = new ArrayList<>();
  private final StringBuilder leftOut = new StringBuilder();
  private ByteArrayOutputStream out = new ByteArrayOutputStream();
  private long bytes;

  private Patch(SnapshotRepository repository) {
    this.repository = repository;
  }

  /** The patch in the bytes of the files. */
  public static byte[] of(SnapshotRepository repository, TreeDiff.Result diff) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    plan(repository, diff).write(all);
    return all.toByteArray();
  }

  /** Decides what the patch has; the repository has to be open until it is written. */
  public static Patch plan(SnapshotRepository repository, TreeDiff.Result diff)
      throws IOException {
    Patch patch = new Patch(repository);
    for (TreeDiff.Change change : diff.changes()) {
      if (!change.directory()) {
        patch.plan(change);
      }
    }
    if (diff.truncated()) {
      patch.leftOut.append("left out: more than ").append(TreeDiff.CHANGES_MAX).append(" files\n");
    }
    return patch;
  }

  private void plan(TreeDiff.Change change) throws IOException {
    String why = whyNot(change);
    if (why == null) {
      bytes += size(change.before()) + size(change.after());
      changes.add(change);
      return;
    }
    leftOut.append("left out: ").append(quoted(change.path())).append(": ").append(why);
    leftOut.append('\n');
  }

  /** Writes it, one file at a time; of all patches a few files are in memory. */
  public void write(OutputStream to) throws IOException {
    to.write(leftOut.toString().getBytes(StandardCharsets.UTF_8));
    for (TreeDiff.Change change : changes) {
      out = new ByteArrayOutputStream();
      FILES.acquireUninterruptibly();
      try {
        add(change);
      } finally {
        FILES.release();
      }
      out.writeTo(to);
    }
  }

  private void add(TreeDiff.Change change) throws IOException {
    TreeItem<ObjectId> before = change.before();
    TreeItem<ObjectId> after = change.after();
    StringBuilder head = new StringBuilder();
    head.append("diff --git ").append(quoted("a/" + change.oldPath()));
    head.append(' ').append(quoted("b/" + change.path())).append('\n');
    modes(head, before, after);
    if (change.status().equals("renamed")) {
      head.append("rename from ").append(quoted(change.oldPath())).append('\n');
      head.append("rename to ").append(quoted(change.path())).append('\n');
    }
    ObjectId from = id(before);
    ObjectId to = id(after);
    boolean content = !from.equals(to);
    boolean modes = before != null && after != null && mode(before) != mode(after);
    if (!content && !modes && !change.status().equals("renamed")) {
      return;
    }
    if (content) {
      head.append("index ").append(from.name()).append("..").append(to.name());
      if (before != null && after != null && !modes) {
        head.append(' ').append(Integer.toOctalString(mode(after)));
      }
      head.append('\n');
    }
    out.writeBytes(head.toString().getBytes(StandardCharsets.UTF_8));
    if (content) {
      Lines lines = Lines.of(repository, before, after);
      if (lines == null) {
        binary(after, before);
      } else {
        text(change, lines);
      }
    }
  }

  private @Nullable String whyNot(TreeDiff.Change change) throws IOException {
    for (String path : List.of(change.path(), change.oldPath())) {
      for (String name : path.split("/")) {
        if (name.equalsIgnoreCase(".git")) {
          return "git takes no files of repositories";
        }
      }
      if (path.indexOf('\ufffd') >= 0) {
        return "its name is no Unicode";
      }
    }
    long size = Math.max(size(change.before()), size(change.after()));
    long both = size(change.before()) + size(change.after());
    return size > BINARY_BYTES_MAX || bytes + both > BYTES_MAX ? "it is too large" : null;
  }

  private long size(@Nullable TreeItem<ObjectId> item) throws IOException {
    return item == null ? 0 : repository.size(item.id());
  }

  private static ObjectId id(@Nullable TreeItem<ObjectId> item) {
    return item == null ? ObjectId.zeroId() : item.id();
  }

  private static int mode(TreeItem<ObjectId> item) {
    return item.kind() == TreeNode.Kind.LINK
        ? 0120000
        : (item.permissions() & 0100) == 0 ? 0100644 : 0100755;
  }

  private static void modes(
      StringBuilder head, @Nullable TreeItem<ObjectId> before, @Nullable TreeItem<ObjectId> after) {
    if (before == null && after != null) {
      head.append("new file mode ").append(Integer.toOctalString(mode(after))).append('\n');
    } else if (before != null && after == null) {
      head.append("deleted file mode ").append(Integer.toOctalString(mode(before))).append('\n');
    } else if (before != null && after != null && mode(before) != mode(after)) {
      head.append("old mode ").append(Integer.toOctalString(mode(before))).append('\n');
      head.append("new mode ").append(Integer.toOctalString(mode(after))).append('\n');
    }
  }

  private void text(TreeDiff.Change change, Lines lines) {
    List<Lines.Hunk> hunks = lines.hunks();
    if (hunks.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder();
    text.append("--- ").append(side(change.before(), "a/" + change.oldPath())).append('\n');
    text.append("+++ ").append(side(change.after(), "b/" + change.path())).append('\n');
    for (Lines.Hunk hunk : hunks) {
      text.append("@@ -").append(range(hunk.oldStart(), hunk.oldLines()));
      text.append(" +").append(range(hunk.newStart(), hunk.newLines())).append(" @@\n");
      hunk.lines().forEach(line -> text.append(line).append('\n'));
    }
    out.writeBytes(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** A name with a blank is ended by a tab, as git does it. */
  private static String side(@Nullable TreeItem<ObjectId> item, String path) {
    if (item == null) {
      return NONE;
    }
    String quoted = quoted(path);
    return quoted.indexOf(' ') >= 0 && !quoted.startsWith("\"") ? quoted + "\t" : quoted;
  }

  private static String range(int start, int lines) {
    return lines == 1 ? String.valueOf(start) : start + "," + lines;
  }

  private static String quoted(String path) {
    return QuotedString.GIT_PATH.quote(path);
  }

  private void binary(@Nullable TreeItem<ObjectId> after, @Nullable TreeItem<ObjectId> before)
      throws IOException {
    out.writeBytes("GIT binary patch\n".getBytes(StandardCharsets.US_ASCII));
    literal(after);
    literal(before);
  }

  private void literal(@Nullable TreeItem<ObjectId> item) throws IOException {
    byte[] bytes =
        item == null ? new byte[0] : repository.content(item.id()).getBytes(BINARY_BYTES_MAX);
    out.writeBytes(("literal " + bytes.length + "\n").getBytes(StandardCharsets.US_ASCII));
    byte[] packed = deflated(bytes);
    for (int at = 0; at < packed.length; at += LINE_BYTES) {
      int length = Math.min(LINE_BYTES, packed.length - at);
      out.write(length <= 26 ? 'A' + length - 1 : 'a' + length - 27);
      out.writeBytes(Base85.encode(packed, at, length));
      out.write('\n');
    }
    out.write('\n');
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      byte[] buffer = new byte[8192];
      while (!deflater.finished()) {
        packed.write(buffer, 0, deflater.deflate(buffer));
      }
      return packed.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
