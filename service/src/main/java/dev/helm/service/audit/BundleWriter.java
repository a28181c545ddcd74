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
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** Writes what goes into an export's file, in its order. */
final class BundleWriter {
  private static final int PAGE = 1_000;

  private final BundleStore bundles;
  private final CheckpointStore checkpoints;
  private final Blobs blobs;
  private final Checkpointer checkpointer;
  private final Clock clock;
  private final String version;
  private final Exports.Patch patch;

  BundleWriter(
      Store store, Checkpointer checkpointer, Clock clock, String version, Exports.Patch patch) {
    this.bundles = store.bundles();
    this.checkpoints = store.checkpoints();
    this.blobs = store.blobs();
    this.checkpointer = checkpointer;
    this.clock = clock;
    this.version = version;
    this.patch = patch;
  }

  /** Writes a run up to an event, or the audit log. */
  void write(String run, CheckpointStore.Place head, BundleStore.Size size, OutputStream out)
      throws IOException {
    new Writing(run, head, size, out).all();
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
