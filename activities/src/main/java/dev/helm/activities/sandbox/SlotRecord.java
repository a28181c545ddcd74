package dev.helm.activities.sandbox;

import org.jspecify.annotations.Nullable;

/**
 * What is remembered of a slot across restarts of the service.
 *
 * @param slot 8 hex digits
 * @param run the run that holds it, or null while it waits in the pool
 * @param containerId the engine's id
 * @param startedAt the engine's text for when the container's one life began
 * @param secret what the executor must show after its first welcome; never printed
 */
public record SlotRecord(
    String slot, @Nullable String run, String containerId, String startedAt, String secret) {
  /** Checks the ids. */
  public SlotRecord {
    Ids.slot(slot);
    if (run != null) {
      Ids.run(run);
    }
    if (!Ids.isSecret(secret)) {
      throw new IllegalArgumentException("a slot's secret is 64 hex digits");
    }
  }

  SlotRecord withRun(String holder) {
    return new SlotRecord(slot, holder, containerId, startedAt, secret);
  }

  String life() {
    return containerId + "@" + startedAt;
  }

  @Override
  public String toString() {
    return "SlotRecord[slot=" + slot + ", run=" + run + ", containerId=" + containerId + "]";
  }
}
