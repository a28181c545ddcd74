package dev.helm.cli.verify;

import dev.helm.api.Sha256;
import dev.helm.api.bundle.BundleFormat;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.bundle.SignerKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Checks a bundle: everything that can be checked without the workflow's code. */
public final class Verifier {
  private static final int KEYS_BYTES_MAX = 64 * 1024;

  private final Path bundle;
  private final String pinned;
  private final @Nullable Path kept;
  private final Report report = new Report();
  private final Map<String, String> sums = new HashMap<>();

  /**
   * @param bundle the file
   * @param pinned fingerprint of the one key that may have signed, or its beginning; empty for any
   * @param kept checkpoints that were kept elsewhere, or null
   */
  public Verifier(Path bundle, String pinned, @Nullable Path kept) {
    this.bundle = bundle;
    this.pinned = pinned;
    this.kept = kept;
  }

  /**
   * Checks all of it.
   *
   * @throws IOException when a file cannot be read at all
   */
  public Report verify() throws IOException {
    try (BundleFile file = BundleFile.open(bundle)) {
      verify(file);
    } catch (BundleException e) {
      report.fault("file", 0, String.valueOf(e.getMessage()));
    }
    return report;
  }

  private void verify(BundleFile file) throws IOException {
    Manifest manifest = Manifest.read(file);
    List<SignerKey> keys = keys(file);
    about(manifest);
    manifest.signature(keys, report);
    pin(manifest.text("keyId"));
    Signatures signatures = new Signatures(manifest.text("run"), keys, report);
    try (EntryInput in = file.contents(file.entry(BundleFormat.CHECKPOINTS))) {
      signatures.read(new Lines(in, BundleFormat.CHECKPOINTS));
    }
    if (kept != null) {
      kept(kept, signatures);
    }
    events(file, manifest, signatures);
    manifest.file(file, sums, report);
    tables(manifest);
  }

  /** What cards and lists show was compared where the tables are: when the bundle was made. */
  private void tables(Manifest manifest) {
    Map<?, ?> tables = manifest.object("tables");
    if (!(tables.get("toSeq") instanceof Number seq
        && tables.get("differences") instanceof List<?> differences)) {
      return;
    }
    differences.forEach(
        text -> report.fault("tables", 0, "what Helm showed is not what the log says: " + text));
    if (seq.longValue() == 0) {
      report.note("The log is too long for its tables to be compared with it.");
    } else if (differences.isEmpty()) {
      report.checked("what Helm showed of the run is what the log says, when the file was made");
    }
  }

  /** SHA-256 of every other entry, each read once. */
  private void others(BundleFile file) {
    for (BundleFormat.Entry entry : file.entries()) {
      if (!entry.name().equals(BundleFormat.EVENTS)) {
        try (EntryInput in = file.contents(entry)) {
          sums.put(entry.name(), in.finish());
        } catch (IOException e) {
          report.fault("manifest", 0, String.valueOf(e.getMessage()));
        }
      }
    }
  }

  /** Attack: a file that compares nothing is passed over, and the bundle counts as compared. */
  private void kept(Path file, Signatures signatures) {
    try (var in = Files.newInputStream(file)) {
      signatures.readKept(new Lines(in, String.valueOf(file.getFileName()), true));
    } catch (IOException e) {
      report.fault("kept", 0, "the kept checkpoints cannot be read: " + e.getMessage());
    }
    signatures.keptSome();
  }

  private void events(BundleFile file, Manifest manifest, Signatures signatures)
      throws IOException {
    String run = manifest.text("run");
    boolean audit = run.equals(Checkpoint.AUDIT);
    ChainCheck chain = new ChainCheck(run, report);
    LogRules rules = new LogRules(report);
    BlobCheck blobs = new BlobCheck(report);
    long count = 0;
    try (EntryInput entry = file.contents(file.entry(BundleFormat.EVENTS));
        ReadAhead in = new ReadAhead(entry)) {
      Lines lines = new Lines(in, BundleFormat.EVENTS);
      while (lines.read()) {
        count++;
        ChainCheck.Read event = chain.take(lines);
        if (event != null) {
          signatures.take(event);
          blobs.take(event);
          if (!audit) {
            blueprint(manifest.object("blueprint"), event);
            rules.take(event);
          }
        }
      }
      sums.put(BundleFormat.EVENTS, in.finish());
    }
    head(manifest, chain, count);
    signatures.finish(chain.seq(), !pinned.isEmpty(), manifest.text("keyId"));
    if (!audit && count == 0) {
      report.fault("rules", 0, "a run begins with run.created, and this one has no event");
    }
    if (!audit) {
      report.checked(rules.calls() + " started calls have a gate that the log justifies");
    }
    others(file);
    blobs.finish(file, sums);
  }

  /** The log names the blueprint by its hash; the bundle has it. */
  private void blueprint(Map<?, ?> blueprint, ChainCheck.Read event) {
    if (!event.type().equals("run.created")) {
      return;
    }
    String reference = blueprint.get("name") + "@" + blueprint.get("version");
    boolean same =
        blueprint.get("body") instanceof String body
            && Sha256.hex(body).equals(event.data().get("blueprintHash"))
            && reference.equals(event.data().get("blueprint"));
    if (!same) {
      report.fault(
          "manifest", event.seq(), "the bundle's blueprint is not the one that the log names");
    }
  }

  private void head(Manifest manifest, ChainCheck chain, long count) {
    Map<?, ?> head = manifest.object("head");
    boolean same =
        count == manifest.number("events")
            && head.get("seq") instanceof Number seq
            && seq.longValue() == chain.seq()
            && (count == 0 || chain.hash().equals(head.get("hash")));
    if (!same) {
      report.fault("chain", chain.seq(), "the log does not end where the manifest says");
    }
    report.checked(
        count
            + " events, numbered 1 to "
            + chain.seq()
            + ", each with the hash of its content and of the one before");
  }

  private List<SignerKey> keys(BundleFile file) throws IOException {
    try {
      return SignerKey.ofPem(file.text(file.entry(BundleFormat.PUBLIC_KEY), KEYS_BYTES_MAX));
    } catch (IllegalArgumentException e) {
      throw new BundleException(String.valueOf(e.getMessage()));
    }
  }

  private void about(Manifest manifest) {
    for (String name : List.of("run", "project", "helm", "exportedAt", "keyId")) {
      report.about(name, manifest.text(name));
    }
    report.about("blueprint", manifest.object("blueprint"));
    report.about("events", manifest.number("events"));
    report.about("head", manifest.object("head"));
    report.about("histories", manifest.object("histories"));
    report.about("pinned", !pinned.isEmpty());
  }

  private void pin(String keyId) {
    if (pinned.isEmpty()) {
      report.note(
          "The signer is not pinned: whoever made this file may have made its key too. Give the"
              + " fingerprint that you know with --key.");
    } else if (keyId.startsWith(pinned)) {
      report.checked("the signer is the pinned key");
    } else {
      report.fault("manifest", 0, "the bundle is signed by " + keyId + ", not by the pinned key");
    }
  }
}
