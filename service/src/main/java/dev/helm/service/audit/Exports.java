package dev.helm.service.audit;

import dev.helm.api.bundle.BundleFormat;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.CheckpointStore;
import dev.helm.service.store.Store;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Clock;
import java.util.UUID;

/** Makes exports: of a run, and of the audit log. */
public final class Exports {
  /** Most exports at a time: each holds a thread and reads much. */
  public static final int AT_ONCE_MAX = 4;

  private static final long WRITE_MS_MAX = 30 * 60_000;

  private final BundleStore bundles;
  private final CheckpointStore checkpoints;
  private final Checkpointer checkpointer;
  private final Histories histories;
  private final BundleWriter writer;
  private final ExportPlaces places;

  /** What is wanted is larger than an export may be. */
  public static final class TooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooLargeException(String message) {
      super(message, null, false, false);
    }
  }

  /** All places are taken. */
  public static final class BusyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BusyException() {
      super("as many exports as may be at a time are being made", null, false, false);
    }
  }

  /** Brings the archived histories of a run up to date; where there is no engine, does nothing. */
  @FunctionalInterface
  public interface Histories {
    /** Best effort and bounded in time; what is missing is told in the manifest. */
    void bringUpToDate(String run);
  }

  /** What a run changed in its workspace, as a unified patch. */
  @FunctionalInterface
  public interface Patch {
    /** Writes it up to an event; false when nothing keeps the workspace. */
    boolean write(String run, long toSeq, OutputStream out) throws IOException;
  }

  /** An export that is ready to be written. */
  public interface Export {
    /** A name for its file. */
    String name();

    /** Writes it once, and ends it. */
    void write(OutputStream out) throws IOException;
  }

  /** With what it reads, and the version that the manifest names. */
  public Exports(
      Store store,
      Checkpointer checkpointer,
      Clock clock,
      String version,
      Histories histories,
      Patch patch) {
    this(store, checkpointer, clock, version, histories, patch, WRITE_MS_MAX);
  }

  Exports(
      Store store,
      Checkpointer checkpointer,
      Clock clock,
      String version,
      Histories histories,
      Patch patch,
      long writeMsMax) {
    this.places = new ExportPlaces(writeMsMax);
    this.writer = new BundleWriter(store, checkpointer, clock, version, patch);
    this.bundles = store.bundles();
    this.checkpoints = store.checkpoints();
    this.checkpointer = checkpointer;
    this.histories = histories;
  }

  /**
   * An export of a run up to its last event, or of {@link Checkpoint#AUDIT}.
   *
   * @throws TooLargeException when it would be larger than an export may be
   * @throws BusyException when {@value #AT_ONCE_MAX} are being made
   */
  public Export of(String run) {
    return of(run, UUID.randomUUID().toString());
  }

  /**
   * An export for a person, who has one at a time.
   *
   * @throws TooLargeException when it would be larger than an export may be
   * @throws BusyException when {@value #AT_ONCE_MAX} are being made, or one for this person
   */
  public Export of(String run, String person) {
    places.reserve(person);
    try {
      return ready(run, person);
    } catch (RuntimeException e) {
      places.release(person);
      throw e;
    }
  }

  private Export ready(String run, String person) {
    if (!run.equals(Checkpoint.AUDIT)) {
      histories.bringUpToDate(run);
    }
    CheckpointStore.Place head = covered(run);
    BundleStore.Size size = bundles.size(run, head.seq());
    if (size.bytes() > BundleFormat.BYTES_MAX) {
      throw new TooLargeException(
          "its events have " + size.bytes() + " bytes, an export holds " + BundleFormat.BYTES_MAX);
    }
    return new Export() {
      @Override
      public String name() {
        return "helm-" + run + "-" + head.seq() + ".zip";
      }

      @Override
      public void write(OutputStream out) throws IOException {
        long deadline = places.begin(person);
        try {
          writer.write(run, head, size, ExportPlaces.until(deadline, out));
        } finally {
          places.end(person, deadline);
        }
      }
    };
  }

  /** A chain that was changed is exported all the same: the export is how one learns of it. */
  private CheckpointStore.Place covered(String run) {
    CheckpointStore.Place head;
    try {
      head = checkpointer.cover(run);
    } catch (Checkpointer.BrokenChainException e) {
      head = checkpoints.head(run);
    }
    return head == null ? new CheckpointStore.Place(0, "", "") : head;
  }
}
