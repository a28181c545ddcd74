package dev.helm.service.audit;

import dev.helm.activities.snapshot.Patch;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.service.files.Steps;
import dev.helm.service.store.FileStore;
import java.io.IOException;
import java.io.OutputStream;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run changed in its workspace, from its start to the newest snapshot that is exported. */
public final class RunPatch implements Exports.Patch {
  private static final Logger LOG = LoggerFactory.getLogger(RunPatch.class);

  private final FileStore files;
  private final Snapshots snapshots;

  /** With what knows and what holds the snapshots. */
  public RunPatch(FileStore files, Snapshots snapshots) {
    this.files = files;
    this.snapshots = snapshots;
  }

  @Override
  public boolean write(String run, long toSeq, OutputStream out) throws IOException {
    byte[] patch = patch(run, toSeq);
    if (patch == null) {
      return false;
    }
    out.write(patch);
    return true;
  }

  /** An export without its patch is better than none: the manifest says that it is missing. */
  private byte @Nullable [] patch(String run, long toSeq) {
    Steps steps = new Steps(files);
    try {
      FileStore.Snapshot start = steps.kept(run, "start");
      FileStore.Snapshot end = steps.kept(run, Long.toString(toSeq));
      if (start == null || end == null) {
        return null;
      }
      try (SnapshotRepository repository = snapshots.open(run)) {
        return Patch.of(
            repository,
            TreeDiff.of(
                repository, ObjectId.fromString(start.tree()), ObjectId.fromString(end.tree())));
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("the export of run {} has no patch: {}", run, e.toString());
      return null;
    }
  }
}
