package dev.helm.service.audit;

import dev.helm.activities.snapshot.Patch;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.service.files.Steps;
import dev.helm.service.store.FileStore;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.eclipse.jgit.lib.ObjectId;
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

  /**
   * Streams it, a file at a time and at most {@link Patch#BYTES_MAX} of them. An export without its
   * patch is better than none: what cannot be read ends it, and the manifest says so.
   */
  @Override
  public boolean write(String run, long toSeq, OutputStream out) throws IOException {
    Sink sink = new Sink(out);
    try {
      return stream(run, toSeq, sink);
    } catch (IOException | RuntimeException e) {
      if (sink.failed) {
        throw e;
      }
      LOG.warn("the export of run {} has no whole patch: {}", run, e.toString());
      return false;
    }
  }

  private boolean stream(String run, long toSeq, OutputStream out) throws IOException {
    Steps steps = new Steps(files);
    FileStore.Snapshot start = steps.kept(run, "start");
    FileStore.Snapshot end = steps.kept(run, Long.toString(toSeq));
    if (start == null || end == null) {
      return false;
    }
    try (SnapshotRepository repository = snapshots.open(run)) {
      Patch.plan(
              repository,
              TreeDiff.of(
                  repository, ObjectId.fromString(start.tree()), ObjectId.fromString(end.tree())))
          .write(out);
      return true;
    }
  }

  /** Knows whether it was the reader who failed. */
  private static final class Sink extends FilterOutputStream {
    private boolean failed;

    Sink(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      boolean done = false;
      try {
        out.write(bytes, from, length);
        done = true;
      } finally {
        failed |= !done;
      }
    }
  }
}
