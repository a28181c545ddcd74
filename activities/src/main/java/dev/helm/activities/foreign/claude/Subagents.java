package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentEvents;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which of the runtime's sub-agents is which of the log's. A hook names the runtime's id of the
 * agent and its kind; the first call of an id belongs to the oldest call of {@code Agent} of this
 * kind that has none yet. Of two that were begun side by side with one kind it makes no difference:
 * they may do the same. Guarded by its session.
 */
final class Subagents {
  /** What the runtime takes where a call names no kind. */
  private static final String GENERAL = "general-purpose";

  private final AgentEvents events;
  private final Map<String, Spawned> spawned = new LinkedHashMap<>();
  private final Map<String, String> labels = new HashMap<>();

  private record Spawned(String label, String kind) {}

  Subagents(AgentEvents events) {
    this.events = events;
  }

  /** A call of {@code Agent} begins one of this kind, which is recorded under this label. */
  void spawns(String toolUseId, String label, String kind) {
    spawned.put(toolUseId, new Spawned(label, kind.isEmpty() ? GENERAL : kind));
  }

  /** The label of the sub-agent that a call of {@code Agent} began, or null. */
  @Nullable String labelOf(String toolUseId) {
    Spawned of = spawned.get(toolUseId);
    return of == null ? null : of.label;
  }

  /** The label of the sub-agent with this id; null when the log knows of none that it could be. */
  @Nullable String label(String agentId, String kind) {
    String known = labels.get(agentId);
    if (known != null) {
      return known;
    }
    for (Spawned each : spawned.values()) {
      if (each.kind.equals(kind) && !labels.containsValue(each.label)) {
        labels.put(agentId, each.label);
        return each.label;
      }
    }
    return null;
  }

  /** The call of {@code Agent} has its result. */
  void ended(String toolUseId, boolean error) {
    Spawned of = spawned.remove(toolUseId);
    if (of != null) {
      labels.values().removeIf(of.label::equals);
      events.ended(of.label, toolUseId, error ? "failed" : "succeeded", error ? "it failed" : null);
    }
  }

  /** The runtime is gone, and its sub-agents with it. */
  void gone() {
    spawned.forEach(
        (toolUseId, of) ->
            events.ended(of.label, toolUseId, "cancelled", "the agent's runtime ended"));
    spawned.clear();
    labels.clear();
  }
}
