package dev.helm.service.audit;

import dev.helm.activities.store.Blobs;
import dev.helm.api.bundle.BundleFormat;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.bundle.ManifestText;
import dev.helm.api.event.CanonicalJson;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.CheckpointStore;
import dev.helm.service.store.Store;
import dev.helm.service.store.Times;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

/** Makes exports: of a run, and of the audit log. */
public final class Exports {
  /** Most exports at a time: each holds a thread and reads much. */
  public static final int AT_ONCE_MAX = 4;

  private static final int PAGE = 1_000;
  private static final long BEGIN_MS_MAX = 60_000;
  private static final long WRITE_MS_MAX = 30 * 60_000;

  private final Store store;
  private final BundleStore bundles;
  private final CheckpointStore checkpoints;
  private final Blobs blobs;
  private final Checkpointer checkpointer;
  private final Clock clock;
  private final String version;
  private final Histories histories;
  private final Patch patch;
  private final long writeMsMax;
  private final Map<String, Long> places = new HashMap<>();

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
    this.writeMsMax = writeMsMax;
    this.store = store;
    this.bundles = store.bundles();
    this.checkpoints = store.checkpoints();
    this.blobs = store.blobs();
    this.checkpointer = checkpointer;
    this.clock = clock;
    this.version = version;
    this.histories = histories;
    this.patch = patch;
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
    take(person, BEGIN_MS_MAX);
    try {
      return ready(run, person);
    } catch (RuntimeException e) {
      release(person);
      throw e;
    }
  }

  /** Attack: one person asks for exports, reads them slowly or never, and nobody else gets one. */
  private synchronized long take(String person, long ms) {
    long now = System.nanoTime();
    places.values().removeIf(deadline -> deadline - now < 0);
    if (places.containsKey(person) || places.size() >= AT_ONCE_MAX) {
      throw new BusyException();
    }
    long deadline = now + TimeUnit.MILLISECONDS.toNanos(ms);
    places.put(person, deadline);
    return deadline;
  }

  private synchronized void release(String person) {
    places.remove(person);
  }

  private synchronized long begin(String person) throws IOException {
    release(person);
    try {
      return take(person, writeMsMax);
    } catch (BusyException e) {
      throw new IOException("the export was asked for too long ago", e);
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
        long deadline = begin(person);
        try {
          new Writing(run, head, size, new DeadlineOutput(out, deadline)).all();
        } finally {
          end(person, deadline);
        }
      }
    };
  }

  private synchronized void end(String person, long deadline) {
    places.remove(person, deadline);
  }

  /** Attack: a client reads a byte now and then, and holds a place and a thread for ever. */
  private static final class DeadlineOutput extends FilterOutputStream {
    private final long deadline;

    DeadlineOutput(OutputStream out, long deadline) {
      super(out);
      this.deadline = deadline;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      if (deadline - System.nanoTime() < 0) {
        throw new IOException("the export takes longer than one may");
      }
      out.write(bytes, from, length);
    }
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

  private final class Writing {
    private final String run;
    private final CheckpointStore.Place head;
    private final BundleStore.Size size;
    private final BundleOutput out;
    private final BlobNames referenced = new BlobNames();
    private final Map<String, Object> manifest = new LinkedHashMap<>();
    private long signed;

    Writing(String run, CheckpointStore.Place head, BundleStore.Size size, OutputStream out) {
      this.run = run;
      this.head = head;
      this.size = size;
      this.out = new BundleOutput(new BufferedOutputStream(out, 64 << 10));
    }

    void all() throws IOException {
      try {
        out.entry(BundleFormat.EVENTS, this::events);
        out.entry(BundleFormat.CHECKPOINTS, this::checkpoints);
        out.entry(BundleFormat.PUBLIC_KEY, this::keys);
        manifest.put("erased", blobs());
        manifest.put("histories", histories());
        manifest.put("patch", patch());
        tables();
        describe();
        out.finish(ManifestText.whole(manifest));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }

    private void events(OutputStream to) {
      bundles.events(
          run,
          head.seq(),
          line -> {
            referenced.read(line);
            line(to, line);
          });
    }

    /** Those that lie beyond the last event too: they show that the log was cut. */
    private void checkpoints(OutputStream to) {
      long after = Long.MIN_VALUE;
      long taken = 0;
      List<Checkpoint> page;
      do {
        page = checkpoints.page(run, after, PAGE);
        for (Checkpoint checkpoint : page) {
          boolean later = checkpoint.seq() > head.seq();
          // A run goes on while it is exported; what is signed by then is of the next export.
          if (!later || !exists(checkpoint)) {
            line(to, CanonicalJson.write(checkpoint.line()));
            signed++;
          }
          after = checkpoint.seq();
        }
        taken += page.size();
      } while (page.size() >= PAGE && taken < BundleFormat.BYTES_MAX);
    }

    private boolean exists(Checkpoint checkpoint) {
      CheckpointStore.Place now = checkpoints.head(run);
      return now != null && now.seq() >= checkpoint.seq();
    }

    private void keys(OutputStream to) throws IOException {
      StringBuilder pem = new StringBuilder(checkpointer.key().signer().pem());
      for (CheckpointStore.KnownKey key : checkpoints.keys()) {
        if (!key.id().equals(checkpointer.keyId())) {
          pem.append(key.pem());
        }
      }
      to.write(pem.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private List<String> blobs() throws IOException {
      List<String> absent = new ArrayList<>();
      for (String sha256 : referenced.names()) {
        byte[] bytes = blobs.get(sha256);
        if (bytes == null) {
          absent.add(sha256);
        } else {
          out.entry(BundleFormat.BLOBS + sha256, to -> to.write(bytes));
        }
      }
      return absent;
    }

    private Map<String, Object> histories() throws IOException {
      List<Map<String, Object>> kept = new ArrayList<>();
      int n = 0;
      for (BundleStore.History history : bundles.histories(run)) {
        byte[] packed = bundles.history(run, history.workflow(), history.execution());
        if (packed == null) {
          continue;
        }
        String entry = BundleFormat.HISTORIES + "%04d-%s.json".formatted(++n, history.workflow());
        try (GZIPInputStream json = new GZIPInputStream(new ByteArrayInputStream(packed))) {
          out.entry(entry, json::transferTo);
        }
        kept.add(
            Map.of(
                "entry", entry,
                "workflow", history.workflow(),
                "execution", history.execution(),
                "sha256", history.sha256()));
      }
      List<String> complete = new ArrayList<>();
      Map<String, Object> lost = new LinkedHashMap<>();
      for (BundleStore.Archived archived : bundles.archived(run)) {
        String why = archived.lost();
        if (why == null) {
          complete.add(archived.workflow());
        } else {
          lost.put(archived.workflow(), why);
        }
      }
      return Map.of("kept", kept, "complete", complete, "lost", lost);
    }

    private boolean patch() throws IOException {
      if (run.equals(Checkpoint.AUDIT)) {
        return false;
      }
      boolean[] there = new boolean[1];
      out.entry(BundleFormat.PATCH, to -> there[0] = patch.write(run, head.seq(), to));
      return there[0];
    }

    /** Cards and lists are read from tables; what they say has to be what the log says. */
    private void tables() {
      if (!run.equals(Checkpoint.AUDIT)) {
        BundleStore.Tables tables = bundles.tables(run);
        manifest.put(
            "tables", Map.of("toSeq", tables.toSeq(), "differences", tables.differences()));
      }
    }

    private void describe() {
      manifest.put("format", BundleFormat.NAME);
      manifest.put("run", run);
      manifest.put("helm", version);
      manifest.put("exportedAt", Times.text(clock.instant()));
      BundleStore.About about = run.equals(Checkpoint.AUDIT) ? null : bundles.about(run);
      if (about != null) {
        manifest.put("project", about.project());
        manifest.put("epoch", about.epoch());
        manifest.put(
            "blueprint",
            Map.of(
                "name", about.blueprint(),
                "version", about.version(),
                "hash", about.blueprintHash(),
                "body", about.blueprintBody()));
      }
      manifest.put("events", size.events());
      manifest.put("checkpoints", signed);
      manifest.put("head", Map.of("seq", head.seq(), "hash", head.hash(), "at", head.at()));
      manifest.put("keyId", checkpointer.keyId());
      manifest.put("entries", out.listed());
      manifest.put("zipBytes", out.offset());
      manifest.put("zipSha256", out.sha256SoFar());
      manifest.put("signature", checkpointer.key().sign(ManifestText.signed(manifest)));
    }

    private void line(OutputStream to, String text) {
      try {
        to.write(text.getBytes(StandardCharsets.UTF_8));
        to.write('\n');
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
