package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.TreeScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.eclipse.jgit.lib.ObjectId;

/**
 * Something in a workspace that no snapshot holds, and what a rollback does to it.
 *
 * @param path as people may see it
 * @param why no snapshot holds it
 */
public record Unsaved(String path, String why, Fate fate) {
  private static final Comparator<Unsaved> WORST_FIRST = Comparator.comparing(Unsaved::fate);

  /** What a rollback does to it, the worst first. */
  public enum Fate {
    /** Its content would be lost: the rollback is refused. */
    BLOCKS,
    /** It goes; it is a socket, FIFO or device, so no content is lost. */
    REMOVED,
    /** Its directory stays, and so does it. */
    KEPT
  }

  /** All that a workspace has of it, where a tree is to take its place; the worst first. */
  public static List<Unsaved> of(
      SnapshotRepository repository, Snapshots.Taken now, ObjectId wanted) throws IOException {
    List<Unsaved> all = new ArrayList<>();
    for (TreeScan.Skipped skipped : now.named()) {
      Fate fate =
          stays(repository, skipped.path(), wanted)
              ? Fate.KEPT
              : skipped.special() ? Fate.REMOVED : Fate.BLOCKS;
      all.add(new Unsaved(skipped.shown(), skipped.why(), fate));
    }
    long special = now.special() - now.named().stream().filter(TreeScan.Skipped::special).count();
    more(all, special, "sockets, FIFOs and devices, too many to look at each", Fate.REMOVED);
    long others = now.skipped() - now.named().size() - special;
    more(all, others, "there are too many to look at each", Fate.BLOCKS);
    all.sort(WORST_FIRST);
    return all;
  }

  private static void more(List<Unsaved> all, long count, String why, Fate fate) {
    if (count > 0) {
      all.add(new Unsaved("(" + count + " more)", why, fate));
    }
  }

  /** Whether its directory is one there too, and its name is free. */
  private static boolean stays(SnapshotRepository repository, List<byte[]> path, ObjectId wanted)
      throws IOException {
    TreeItem<ObjectId> directory = repository.find(wanted, path.subList(0, path.size() - 1));
    return directory != null
        && directory.kind() == TreeNode.Kind.DIRECTORY
        && repository.find(wanted, path) == null;
  }
}
