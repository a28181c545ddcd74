package dev.helm.api.event;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.helm.api.Sha256;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One entry of a run's log, exactly as every client reads it. {@code data} is kept as the tree that
 * was written, so that readers keep members and types that they do not know.
 *
 * @param run full run id
 * @param seq 1..n without gaps
 * @param at UTC, exactly three decimals and {@code Z}; never earlier than the event before
 * @param type dotted type name; {@link RunEvent#TYPES} lists those of this version
 * @param agent who acted: {@code main}, or a sub-agent's label
 * @param data members of that type
 * @param prev hash of the event before, or 64 zeros
 * @param hash SHA-256 of the canonical JSON of this event without {@code hash}
 */
@JsonPropertyOrder({"run", "seq", "at", "type", "agent", "data", "prev", "hash"})
public record LoggedEvent(
    @JsonProperty("run") String run,
    @JsonProperty("seq") long seq,
    @JsonProperty("at") String at,
    @JsonProperty("type") String type,
    @JsonProperty("agent") String agent,
    @JsonProperty("data") Map<String, Object> data,
    @JsonProperty("prev") String prev,
    @JsonProperty("hash") String hash) {

  /** What stands in {@code prev} of the first event. */
  public static final String NO_PREV = "0".repeat(64);

  /** An event with its hash computed. */
  public static LoggedEvent chained(
      String run,
      long seq,
      String at,
      String type,
      String agent,
      Map<String, Object> data,
      String prev) {
    return new LoggedEvent(
        run, seq, at, type, agent, data, prev, hash(run, seq, at, type, agent, data, prev));
  }

  /** The hash that the event's other members give. */
  public String computedHash() {
    return hash(run, seq, at, type, agent, data, prev);
  }

  private static String hash(
      String run,
      long seq,
      String at,
      String type,
      String agent,
      Map<String, Object> data,
      String prev) {
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("run", run);
    event.put("seq", seq);
    event.put("at", at);
    event.put("type", type);
    event.put("agent", agent);
    event.put("data", data);
    event.put("prev", prev);
    return Sha256.hex(CanonicalJson.write(event));
  }
}
