package dev.helm.cli.verify;

import dev.helm.api.bundle.BundleFormat;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The content that events refer to is there with its hash, or was erased and the log says so. */
final class BlobCheck {
  private static final String PART = "blobs";

  private static final String SHA256 = "[0-9a-f]{64}";
  private static final int NAMES_MAX = 1_000_000;

  private final Report report;
  private final int namesMax;
  private final Map<String, Reference> referenced = new LinkedHashMap<>();
  private final Map<String, Long> erased = new HashMap<>();

  private boolean full;

  private record Reference(long seq, long bytes) {}

  BlobCheck(Report report) {
    this(report, NAMES_MAX);
  }

  BlobCheck(Report report, int namesMax) {
    this.report = report;
    this.namesMax = namesMax;
  }

  /** Takes the next event. */
  void take(ChainCheck.Read event) {
    // Attack: a log names blobs without end until the memory is full.
    if (full) {
      return;
    }
    full = referenced.size() + erased.size() >= namesMax;
    if (full) {
      report.fault(PART, event.seq(), "the log names more blobs than can be checked");
    } else if (event.type().equals("blob.erased")
        && event.data().get("sha256") instanceof String sha256
        && sha256.matches(SHA256)) {
      erased.put(sha256, event.seq());
    } else {
      find(event.data().values(), event.seq());
    }
  }

  private void find(Collection<?> values, long seq) {
    for (Object value : values) {
      if (value instanceof Map<?, ?> map) {
        if (map.size() == 3
            && map.get("sha256") instanceof String sha256
            && map.get("bytes") instanceof Number bytes
            && map.get("mediaType") instanceof String
            && sha256.matches(SHA256)) {
          referenced.putIfAbsent(sha256, new Reference(seq, bytes.longValue()));
        }
        find(map.values(), seq);
      } else if (value instanceof Collection<?> items) {
        find(items, seq);
      }
    }
  }

  /**
   * Compares with what the bundle holds.
   *
   * @param sums SHA-256 of each entry's contents; an entry that could not be read has none
   */
  void finish(BundleFile file, Map<String, String> sums) {
    Set<String> there = new HashSet<>();
    for (BundleFormat.Entry entry : file.entries()) {
      if (entry.name().startsWith(BundleFormat.BLOBS)) {
        there.add(check(entry, sums.getOrDefault(entry.name(), "")));
      }
    }
    int absent = 0;
    for (Map.Entry<String, Reference> entry : referenced.entrySet()) {
      if (there.contains(entry.getKey())) {
        continue;
      }
      Long by = erased.get(entry.getKey());
      if (by == null) {
        report.fault(
            PART,
            entry.getValue().seq(),
            "event "
                + entry.getValue().seq()
                + " refers to content that is missing, and no event"
                + " says that it was erased: "
                + entry.getKey());
      } else {
        absent++;
        report.note("content of event " + entry.getValue().seq() + " was erased by event " + by);
      }
    }
    report.checked(
        there.size()
            + " blobs have the hashes that the events name"
            + (absent == 0 ? "" : ", " + absent + " were erased"));
  }

  private String check(BundleFormat.Entry entry, String sum) {
    String sha256 = entry.name().substring(BundleFormat.BLOBS.length());
    Reference reference = referenced.get(sha256);
    if (reference == null) {
      report.fault(PART, 0, "the log does not refer to the blob " + sha256);
    } else if (reference.bytes() != entry.bytes()) {
      report.fault(PART, reference.seq(), "the blob " + sha256 + " has another length");
    }
    if (!sum.equals(sha256)) {
      report.fault(
          PART,
          reference == null ? 0 : reference.seq(),
          "the blob " + sha256 + " was changed: its content has another hash");
    }
    return sha256;
  }
}
