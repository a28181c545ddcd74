package dev.helm.service.files;

import dev.helm.activities.snapshot.Lines;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.api.rest.FileBodies;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** Differences as REST shows them, bounded. */
public final class Diffs {
  /** Most files of one answer. */
  public static final int FILES_MAX = 1_000;

  /** Most lines of hunks of one file, and of one answer. */
  public static final int LINES_OF_A_FILE_MAX = 2_000;

  /** Most of one line, in UTF-8. */
  public static final int LINE_BYTES_MAX = 4 << 10;

  /** Most text of all lines of one answer. */
  public static final long BYTES_MAX = 4L << 20;

  private static final int LINES_MAX = 20_000;
  private static final long HASHED_BYTES_MAX = 64L << 20;

  private final SnapshotRepository repository;
  private int linesLeft = LINES_MAX;
  private long bytesLeft = BYTES_MAX;

  /** Over one repository. */
  public Diffs(SnapshotRepository repository) {
    this.repository = repository;
  }

  /** The differences below a path, empty for all. */
  public FileBodies.Diff of(String from, String to, TreeDiff.Result diff, String path)
      throws IOException {
    List<FileBodies.FileDiff> files = new ArrayList<>();
    boolean truncated = diff.truncated();
    for (TreeDiff.Change change : within(diff, path)) {
      if (files.size() == FILES_MAX) {
        truncated = true;
        break;
      }
      FileBodies.FileDiff file = file(change);
      truncated |= file.truncated();
      files.add(file);
    }
    return new FileBodies.Diff(from, to, files, truncated);
  }

  /** Only what lies at or below a path. */
  public static List<TreeDiff.Change> within(TreeDiff.Result diff, String path) {
    return diff.changes().stream()
        .filter(change -> isWithin(change.path(), path) || isWithin(change.oldPath(), path))
        .toList();
  }

  private static boolean isWithin(String path, String parent) {
    return parent.isEmpty() || path.equals(parent) || path.startsWith(parent + "/");
  }

  private FileBodies.FileDiff file(TreeDiff.Change change) throws IOException {
    TreeItem<ObjectId> before = change.before();
    TreeItem<ObjectId> after = change.after();
    TreeItem<ObjectId> either = Objects.requireNonNull(after != null ? after : before);
    boolean directory = change.directory();
    Lines lines = directory ? null : Lines.of(repository, before, after);
    boolean binary = !directory && lines == null;
    List<FileBodies.Hunk> hunks = lines == null ? List.of() : hunks(lines);
    int shown = hunks.stream().mapToInt(hunk -> changed(hunk)).sum();
    return new FileBodies.FileDiff(
        change.path(),
        change.status(),
        change.path().equals(change.oldPath()) ? null : change.oldPath(),
        type(either.kind()),
        side(before, binary),
        side(after, binary),
        binary,
        lines == null ? null : lines.added(),
        lines == null ? null : lines.removed(),
        hunks,
        lines != null && (lines.cut() || shown < lines.added() + lines.removed()));
  }

  private static int changed(FileBodies.Hunk hunk) {
    return (int)
        hunk.lines().stream().filter(line -> line.startsWith("+") || line.startsWith("-")).count();
  }

  private List<FileBodies.Hunk> hunks(Lines lines) {
    List<FileBodies.Hunk> hunks = new ArrayList<>();
    int linesMax = Math.min(LINES_OF_A_FILE_MAX, linesLeft);
    for (Lines.Hunk hunk : lines.hunks(linesMax, bytesLeft, LINE_BYTES_MAX)) {
      linesLeft -= hunk.lines().size();
      bytesLeft -= hunk.bytes();
      hunks.add(
          new FileBodies.Hunk(
              hunk.oldStart(), hunk.oldLines(), hunk.newStart(), hunk.newLines(), hunk.lines()));
    }
    return hunks;
  }

  /** The word for a kind of entry. */
  public static String type(TreeNode.Kind kind) {
    return switch (kind) {
      case FILE -> "file";
      case DIRECTORY -> "directory";
      case LINK -> "link";
    };
  }

  /** Four octal digits. */
  public static String mode(int permissions) {
    return "%04o".formatted(permissions);
  }

  private FileBodies.@Nullable FileSide side(@Nullable TreeItem<ObjectId> item, boolean hashed)
      throws IOException {
    if (item == null) {
      return null;
    }
    boolean directory = item.kind() == TreeNode.Kind.DIRECTORY;
    long size = directory ? 0 : repository.size(item.id());
    return new FileBodies.FileSide(
        size,
        mode(item.permissions()),
        hashed && size <= HASHED_BYTES_MAX ? sha256(item.id()) : null);
  }

  private String sha256(ObjectId blob) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      repository.copy(blob, new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
