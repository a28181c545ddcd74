package dev.helm.service.rest;

import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.store.EpochStore;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;

/**
 * Workspaces as they are. While a rollback puts files in place one is between two trees: nobody is
 * shown that, also not if the rollback began meanwhile, or if the service died in the midst of it.
 */
final class WorkspaceNow {
  /** It comes, goes and comes again; more than that in one look is no workspace that rests. */
  private static final int MOVES_MAX = 3;

  private final EpochStore epochs;
  private final Backend backend;

  WorkspaceNow(EpochStore epochs, Backend backend) {
    this.epochs = epochs;
    this.backend = backend;
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  interface Closing<T> {
    void close(T read) throws IOException;
  }

  /** All of it; to be closed. */
  Snapshots.Look look(String run) throws IOException {
    return settled(run, () -> backend.snapshots().look(run), Snapshots.Look::close);
  }

  /** A directory. */
  List<WorkspaceFiles.Entry> list(String run, WorkspacePath path, int max) throws IOException {
    return settled(
        run,
        () -> still(() -> backend.files(run), at -> at.list(path, max), entries -> {}),
        e -> {});
  }

  /** A file; to be closed. */
  WorkspaceFiles.Reading open(String run, WorkspacePath path) throws IOException {
    return settled(
        run,
        () -> still(() -> backend.files(run), at -> at.open(path), WorkspaceFiles.Reading::close),
        WorkspaceFiles.Reading::close);
  }

  interface Looking<T> {
    T at(WorkspaceFiles place) throws IOException;
  }

  /**
   * A workspace that moves to or from a container is left while it is read: then what was read may
   * lack something, and it is read again where it is now.
   */
  static <T> T still(Supplier<WorkspaceFiles> where, Looking<T> looking, Closing<T> closing)
      throws IOException {
    for (int moves = 0; ; moves++) {
      WorkspaceFiles place = where.get();
      T read;
      try {
        read = looking.at(place);
      } catch (WorkspaceException e) {
        if (e.reason() != WorkspaceException.Reason.NOT_FOUND
            || moves == MOVES_MAX
            || where.get().samePlace(place)) {
          throw e;
        }
        continue;
      }
      if (moves == MOVES_MAX || where.get().samePlace(place)) {
        return read;
      }
      closing.close(read);
    }
  }

  private <T> T settled(String run, Reading<T> reading, Closing<T> closing) throws IOException {
    int before = epochs.settled(run);
    if (before >= 0) {
      T read = reading.read();
      boolean still = false;
      try {
        still = epochs.settled(run) == before;
        if (still) {
          return read;
        }
      } finally {
        if (!still) {
          closing.close(read);
        }
      }
    }
    throw new EpochFailure(
        EpochFailure.Kind.BUSY, "its files are being put in place; try again in a moment", null);
  }
}
