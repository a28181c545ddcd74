package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jgit.diff.SimilarityIndex;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** What differs between two trees, each entry once, renamed files found again. */
public final class TreeDiff {
  /** Most entries of one diff. */
  public static final int CHANGES_MAX = 10_000;

  private static final int RENAMES_MAX = 200;
  private static final long SIMILAR_BYTES_MAX = 1 << 20;
  private static final int SIMILAR_MIN = 60;

  private final SnapshotRepository repository;
  private final List<Change> changes = new ArrayList<>();
  private boolean truncated;

  private TreeDiff(SnapshotRepository repository) {
    this.repository = repository;
  }

  /**
   * One difference; at least one side is there.
   *
   * @param path in the new tree, or in the old one if it is gone
   * @param oldPath where a renamed file was, else {@code path}
   */
  public record Change(
      String path,
      String oldPath,
      @Nullable TreeItem<ObjectId> before,
      @Nullable TreeItem<ObjectId> after) {
    /** {@code added deleted renamed modified}. */
    public String status() {
      if (before == null) {
        return "added";
      }
      if (after == null) {
        return "deleted";
      }
      return path.equals(oldPath) ? "modified" : "renamed";
    }

    /** Whether it is a directory that came or went, or whose mode changed. */
    public boolean directory() {
      return (after != null ? after : Objects.requireNonNull(before)).kind()
          == TreeNode.Kind.DIRECTORY;
    }
  }

  /** The differences in order of their paths; {@code truncated} if there are more. */
  public record Result(List<Change> changes, boolean truncated) {
    /** Copies the list. */
    public Result {
      changes = List.copyOf(changes);
    }
  }

  /** Compares two trees of one repository. */
  public static Result of(SnapshotRepository repository, ObjectId from, ObjectId to)
      throws IOException {
    TreeDiff diff = new TreeDiff(repository);
    diff.below("", from, to);
    diff.findRenames();
    diff.changes.sort(Comparator.comparing(Change::path));
    return new Result(diff.changes, diff.truncated);
  }

  /** Compares without looking for renames. */
  public static Result plain(SnapshotRepository repository, ObjectId from, ObjectId to)
      throws IOException {
    TreeDiff diff = new TreeDiff(repository);
    diff.below("", from, to);
    return new Result(diff.changes, diff.truncated);
  }

  private void below(String path, @Nullable ObjectId from, @Nullable ObjectId to)
      throws IOException {
    if (Objects.equals(from, to)) {
      return;
    }
    Map<ByteBuffer, TreeItem<ObjectId>> before = new LinkedHashMap<>();
    for (TreeItem<ObjectId> item : from == null ? List.<TreeItem<ObjectId>>of() : list(from)) {
      before.put(ByteBuffer.wrap(item.name()), item);
    }
    for (TreeItem<ObjectId> item : to == null ? List.<TreeItem<ObjectId>>of() : list(to)) {
      TreeItem<ObjectId> was = before.remove(ByteBuffer.wrap(item.name()));
      entry(path + item.text(), was, item);
    }
    for (TreeItem<ObjectId> gone : before.values()) {
      entry(path + gone.text(), gone, null);
    }
  }

  private List<TreeItem<ObjectId>> list(ObjectId tree) throws IOException {
    return repository.list(tree);
  }

  private void entry(
      String path, @Nullable TreeItem<ObjectId> before, @Nullable TreeItem<ObjectId> after)
      throws IOException {
    if (before != null && after != null && before.kind() != after.kind()) {
      entry(path, before, null);
      entry(path, null, after);
      return;
    }
    if (isDirectory(before) || isDirectory(after)) {
      if (before == null || after == null || before.permissions() != after.permissions()) {
        add(new Change(path, path, before, after));
      }
      below(path + "/", id(before), id(after));
      return;
    }
    boolean same =
        before != null
            && after != null
            && before.id().equals(after.id())
            && before.permissions() == after.permissions();
    if (!same) {
      add(new Change(path, path, before, after));
    }
  }

  private static boolean isDirectory(@Nullable TreeItem<ObjectId> item) {
    return item != null && item.kind() == TreeNode.Kind.DIRECTORY;
  }

  private static @Nullable ObjectId id(@Nullable TreeItem<ObjectId> item) {
    return item == null ? null : item.id();
  }

  private void add(Change change) {
    if (changes.size() < CHANGES_MAX) {
      changes.add(change);
    } else {
      truncated = true;
    }
  }

  // ---- renames -----------------------------------------------------------------------------

  private void findRenames() throws IOException {
    List<Change> added = files(true);
    List<Change> deleted = files(false);
    Map<ObjectId, List<Change>> byContent = new LinkedHashMap<>();
    for (Change gone : deleted) {
      byContent
          .computeIfAbsent(Objects.requireNonNull(gone.before()).id(), id -> new ArrayList<>())
          .add(gone);
    }
    List<Change> left = new ArrayList<>();
    for (Change come : added) {
      List<Change> same = byContent.get(Objects.requireNonNull(come.after()).id());
      if (same != null && !same.isEmpty()) {
        Change gone = same.removeFirst();
        renamed(gone, come);
        deleted.remove(gone);
      } else {
        left.add(come);
      }
    }
    if (left.size() <= RENAMES_MAX && deleted.size() <= RENAMES_MAX) {
      findSimilar(left, deleted);
    }
  }

  private List<Change> files(boolean added) {
    List<Change> found = new ArrayList<>();
    for (Change change : changes) {
      TreeItem<ObjectId> only = added ? change.after() : change.before();
      TreeItem<ObjectId> other = added ? change.before() : change.after();
      if (only != null && other == null && only.kind() == TreeNode.Kind.FILE) {
        found.add(change);
      }
    }
    return found;
  }

  private void findSimilar(List<Change> added, List<Change> deleted) throws IOException {
    List<SimilarityIndex> indexes = new ArrayList<>();
    for (Change gone : deleted) {
      indexes.add(index(Objects.requireNonNull(gone.before()).id()));
    }
    for (Change come : added) {
      SimilarityIndex mine = index(Objects.requireNonNull(come.after()).id());
      int best = -1;
      int bestScore = SIMILAR_MIN - 1;
      for (int i = 0; mine != null && i < deleted.size(); i++) {
        SimilarityIndex other = indexes.get(i);
        int score = other == null ? 0 : other.score(mine, 100);
        if (score > bestScore) {
          best = i;
          bestScore = score;
        }
      }
      if (best >= 0) {
        renamed(deleted.get(best), come);
        indexes.set(best, null);
      }
    }
  }

  private @Nullable SimilarityIndex index(ObjectId blob) throws IOException {
    long size = repository.size(blob);
    if (size == 0 || size > SIMILAR_BYTES_MAX) {
      return null;
    }
    try {
      return SimilarityIndex.create(repository.content(blob));
    } catch (SimilarityIndex.TableFullException e) {
      return null;
    }
  }

  private void renamed(Change gone, Change come) {
    changes.remove(gone);
    changes.remove(come);
    changes.add(new Change(come.path(), gone.path(), gone.before(), come.after()));
  }
}
