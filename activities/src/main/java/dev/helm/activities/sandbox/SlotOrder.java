package dev.helm.activities.sandbox;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a slot is made for. */
sealed interface SlotOrder {
  /** {@code sha256:…}. */
  String imageId();

  /** What its container may use. */
  SandboxLimits limits();

  /**
   * A run's own, with room for its workspace.
   *
   * @param agentDoors whether a foreign agent's doors open in it
   */
  record ForRun(String imageId, SandboxLimits limits, boolean agentDoors) implements SlotOrder {}

  /**
   * A box's.
   *
   * @param reads what it sees read-only at {@code /slot}, or null for an empty directory
   * @param files what it sees at {@link BoxSpec#FILES}
   */
  record ForBox(
      String imageId, SandboxLimits limits, @Nullable Path reads, Map<String, byte[]> files)
      implements SlotOrder {}
}
