package dev.helm.activities.store;

import org.jspecify.annotations.Nullable;

/** Which snapshots the log names. */
public interface SnapshotIndex {
  /** The tree that the run's workspace was at the newest snapshot or rollback; null for none. */
  @Nullable String newestTree(String run);
}
