package dev.helm.service.files;

import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.service.store.FileStore;
import org.jspecify.annotations.Nullable;

/** What {@code at}, {@code from} and {@code to} name: a step of a run, and the tree it had. */
public final class Steps {
  private static final long SEQ_MAX = 1L << 53;

  private final FileStore files;

  /** With what knows snapshots. */
  public Steps(FileStore files) {
    this.files = files;
  }

  /**
   * A step.
   *
   * @param name as it was asked for
   * @param seq the last event of it
   * @param tree what the workspace was
   * @param snapshotId the snapshot that says so
   */
  public record Step(String name, long seq, String tree, String snapshotId) {}

  /** The step that a text names, which is not now; null if this run has none such. */
  public @Nullable Step find(String run, String name) {
    FileStore.Snapshot snapshot = kept(run, name);
    if (snapshot == null) {
      return null;
    }
    boolean seq = isSeq(name);
    return new Step(
        name, seq ? Long.parseLong(name) : snapshot.seq(), snapshot.tree(), snapshot.id());
  }

  /** The snapshot that a text names; null if this run has none such. */
  public FileStore.@Nullable Snapshot kept(String run, String name) {
    if (name.equals("start")) {
      return startOf(run);
    }
    if (!isSeq(name)) {
      return files.named(run, name);
    }
    long seq = Long.parseLong(name);
    if (seq < 1 || seq > Math.min(SEQ_MAX, files.lastSeq(run))) {
      return null;
    }
    FileStore.Snapshot newest = files.at(run, seq);
    return newest == null ? startOf(run) : newest;
  }

  /** The newest one. */
  public FileStore.Snapshot newest(String run) {
    FileStore.Snapshot newest = files.at(run, Long.MAX_VALUE);
    return newest == null ? startOf(run) : newest;
  }

  private FileStore.Snapshot startOf(String run) {
    FileStore.Snapshot start = files.start(run);
    return start == null
        ? new FileStore.Snapshot("start", 1, "start", SnapshotRepository.EMPTY, "", null, 0, 0, 0)
        : start;
  }

  /** Whether a text is a sequence number. */
  public static boolean isSeq(String name) {
    return name.matches("[0-9]{1,15}");
  }
}
