package dev.helm.api.bundle;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A signed statement that a chain had this event at its place: all that came before it is fixed by
 * its hash.
 *
 * @param run full run id, or {@link #AUDIT} for the audit log
 * @param seq number of the event
 * @param hash hash of the event
 * @param at when it was signed, UTC with three decimals; never before the event
 * @param keyId fingerprint of the key; see {@link SignerKey#id}
 * @param signature base64 Ed25519 over {@link #text}
 */
@JsonPropertyOrder({"run", "seq", "hash", "at", "keyId", "signature"})
public record Checkpoint(
    @JsonProperty("run") String run,
    @JsonProperty("seq") long seq,
    @JsonProperty("hash") String hash,
    @JsonProperty("at") String at,
    @JsonProperty("keyId") String keyId,
    @JsonProperty("signature") String signature) {
  /** Stands in {@code run} of the audit log's events and checkpoints. */
  public static final String AUDIT = "audit";

  /** Longest stretch of events without a checkpoint at its end, while the service runs. */
  public static final int EVERY_EVENTS = 100;

  private static final String FORMAT = "helm-checkpoint-v1";

  /** The text that is signed, as UTF-8. */
  public String text() {
    return text(run, seq, hash, at);
  }

  /** The text that is signed, as UTF-8. */
  public static String text(String run, long seq, String hash, String at) {
    return FORMAT + "\n" + run + "\n" + seq + "\n" + hash + "\n" + at;
  }

  /** The members of a line of {@code checkpoints.jsonl}, where the manifest names the run. */
  public Map<String, Object> line() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("seq", seq);
    line.put("hash", hash);
    line.put("at", at);
    line.put("keyId", keyId);
    line.put("signature", signature);
    return line;
  }

  /** The members of a line of an anchor file, which has all runs. */
  public Map<String, Object> anchorLine() {
    Map<String, Object> line = line();
    line.put("run", run);
    return line;
  }
}
