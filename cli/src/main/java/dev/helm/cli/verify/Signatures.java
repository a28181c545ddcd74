package dev.helm.cli.verify;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.bundle.SignerKey;
import dev.helm.api.event.CanonicalJson;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Checkpoints of the bundle, and those that somebody kept, against the chain. */
final class Signatures {
  private static final String PART = "checkpoints";
  private static final String KEPT = "kept";
  private static final int CHECKPOINTS_MAX = 1_000_000;

  private final String run;
  private final Report report;
  private final Map<String, SignerKey> keys = new HashMap<>();
  private final TreeMap<Long, List<Checkpoint>> signed = new TreeMap<>();
  private final TreeMap<Long, List<Checkpoint>> kept = new TreeMap<>();
  private final Set<Long> met = new HashSet<>();

  /** Signatures take as long as the chain, and are looked at beside it. */
  private CompletableFuture<List<Checkpoint>> unsigned =
      CompletableFuture.completedFuture(List.of());

  private long count;
  private long keptCount;
  private long keptOthers;

  Signatures(String run, List<SignerKey> keys, Report report) {
    this.run = run;
    this.report = report;
    keys.forEach(key -> this.keys.put(key.id(), key));
  }

  /** Reads {@code checkpoints.jsonl}. */
  void read(Lines lines) throws IOException {
    long before = 0;
    for (String line = lines.next(); line != null; line = lines.next()) {
      Checkpoint checkpoint = checkpoint(line, false);
      if (checkpoint == null || ++count > CHECKPOINTS_MAX) {
        report.fault(PART, 0, "line " + lines.number() + " of the checkpoints is none");
        continue;
      }
      if (checkpoint.seq() < before) {
        report.fault(PART, checkpoint.seq(), "the checkpoints are not in order");
      }
      before = checkpoint.seq();
      signed.computeIfAbsent(checkpoint.seq(), _ -> new ArrayList<>()).add(checkpoint);
    }
    List<Checkpoint> all = signed.values().stream().flatMap(List::stream).toList();
    unsigned = CompletableFuture.supplyAsync(() -> unsigned(all), Thread::startVirtualThread);
  }

  private List<Checkpoint> unsigned(List<Checkpoint> all) {
    return all.stream()
        .filter(
            checkpoint -> {
              SignerKey key = keys.get(checkpoint.keyId());
              return key == null || !key.signed(checkpoint.text(), checkpoint.signature());
            })
        .toList();
  }

  private @Nullable Checkpoint checkpoint(String line, boolean anyForm) {
    try {
      Map<String, Object> members = Json.object(line);
      Checkpoint read = checkpoint(members);
      if (read == null || anyForm) {
        return read;
      }
      return CanonicalJson.write(read.line()).equals(line) ? read : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private @Nullable Checkpoint checkpoint(Map<?, ?> members) {
    return members.get("seq") instanceof Number seq
            && members.get("hash") instanceof String hash
            && members.get("at") instanceof String at
            && members.get("keyId") instanceof String keyId
            && members.get("signature") instanceof String signature
        ? new Checkpoint(
            members.get("run") instanceof String other ? other : run,
            seq.longValue(),
            hash,
            at,
            keyId,
            signature)
        : null;
  }

  /**
   * Reads what somebody kept: lines of checkpoints (an anchor file, an older bundle's), or answers
   * of {@code GET …/checkpoints}. Those of other runs are passed over, and so is a line that a kill
   * tore in an anchor; an answer has to be whole.
   */
  void readKept(Lines lines) throws IOException {
    for (String line = lines.next(); line != null; line = lines.next()) {
      if (!line.isBlank() && !kept(line)) {
        String text = "line " + lines.number() + " of the kept checkpoints is torn or none";
        if (line.contains("\"items\"")) {
          report.fault(KEPT, 0, text);
        } else {
          report.note(text + "; passed over");
        }
      }
    }
  }

  /** After what was kept was read, however far that went. */
  void keptSome() {
    if (keptCount == 0) {
      report.fault(
          KEPT,
          0,
          "the file of kept checkpoints has none of this run (" + keptOthers + " of others)");
    }
  }

  /** Whether the line, and each item of an answer, is a checkpoint. */
  private boolean kept(String line) {
    Map<String, Object> members;
    try {
      members = Json.object(line);
    } catch (IllegalArgumentException e) {
      return false;
    }
    boolean all = true;
    for (Object item : members.get("items") instanceof List<?> items ? items : List.of(members)) {
      all &= item instanceof Map<?, ?> map && sorted(map);
    }
    return all;
  }

  private boolean sorted(Map<?, ?> members) {
    Checkpoint checkpoint;
    try {
      checkpoint = checkpoint(members);
    } catch (IllegalArgumentException e) {
      return false;
    }
    if (checkpoint == null) {
      return false;
    }
    if (!checkpoint.run().equals(run)) {
      keptOthers++;
    } else if (++keptCount <= CHECKPOINTS_MAX) {
      keep(checkpoint);
    } else {
      report.fault(KEPT, checkpoint.seq(), "more checkpoints were kept than can be compared");
    }
    return true;
  }

  private void keep(Checkpoint checkpoint) {
    SignerKey key = keys.get(checkpoint.keyId());
    if (key == null) {
      report.fault(
          KEPT,
          checkpoint.seq(),
          "the kept checkpoint at event "
              + checkpoint.seq()
              + " is signed by a key that the bundle does not have: "
              + checkpoint.keyId());
    } else if (!key.signed(checkpoint.text(), checkpoint.signature())) {
      report.fault(
          KEPT,
          checkpoint.seq(),
          "the kept checkpoint at event " + checkpoint.seq() + " is damaged");
    }
    kept.computeIfAbsent(checkpoint.seq(), _ -> new ArrayList<>()).add(checkpoint);
  }

  /** Takes the next event. */
  void take(ChainCheck.Read event) {
    compare(PART, signed.get(event.seq()), event, "the log was changed after it was signed");
    compare(KEPT, kept.get(event.seq()), event, "the log was written anew since it was kept");
    if (signed.containsKey(event.seq()) || kept.containsKey(event.seq())) {
      met.add(event.seq());
    }
  }

  private void compare(
      String part, @Nullable List<Checkpoint> all, ChainCheck.Read event, String text) {
    if (all == null) {
      return;
    }
    for (Checkpoint checkpoint : all) {
      if (!checkpoint.hash().equals(event.hash())) {
        report.fault(
            part,
            event.seq(),
            "event " + event.seq() + " is not the one of its checkpoint: " + text);
      } else if (checkpoint.at().compareTo(event.at()) < 0) {
        report.fault(part, event.seq(), "a checkpoint is older than its event");
      }
    }
  }

  /** After the last event. */
  void finish(long last, boolean pinned, String keyId) {
    for (Checkpoint checkpoint : unsigned.join()) {
      report.fault(
          PART,
          checkpoint.seq(),
          "the checkpoint at event " + checkpoint.seq() + " is not signed by a key of the bundle");
    }
    beyond(PART, signed, last);
    beyond(KEPT, kept, last);
    List<Checkpoint> atEnd = signed.get(last);
    boolean byToday = atEnd != null && atEnd.stream().anyMatch(end -> end.keyId().equals(keyId));
    if (!byToday && last > 0) {
      report.fault(
          PART,
          last,
          "the last event, "
              + last
              + ", has no checkpoint of the bundle's signer: the"
              + " log may have been cut or changed there");
    }
    report.checked(
        count
            + " checkpoints are signed and name the hashes that the events have"
            + (byToday ? "; the last event is signed" : ""));
    long old =
        signed.values().stream()
            .flatMap(List::stream)
            .filter(c -> !c.keyId().equals(keyId))
            .count();
    if (old > 0) {
      report.note(old + " checkpoints are signed by earlier keys of the installation");
    }
    if (!kept.isEmpty()) {
      report.checked(keptCount + " checkpoints that were kept elsewhere agree with the log");
    }
  }

  private void beyond(String part, TreeMap<Long, List<Checkpoint>> all, long last) {
    for (Long seq : all.keySet()) {
      if (!met.contains(seq)) {
        report.fault(
            part,
            seq,
            seq > last
                ? "the log was cut: there is a checkpoint of event "
                    + seq
                    + ", and the last event is "
                    + last
                : "there is a checkpoint of event " + seq + ", which is not there");
      }
    }
  }
}
