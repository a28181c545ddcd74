package dev.helm.activities.sandbox;

import org.jspecify.annotations.Nullable;

/**
 * Where a run stands with its container.
 *
 * @param slot the slot it holds, or null
 * @param connected whether the executor is on the line now
 */
public record SandboxStatus(State state, @Nullable Slot slot, boolean connected) {
  /** Whether a run holds a container. */
  public enum State {
    /** It holds none; its workspace is at home. */
    NONE,
    /** It holds a living one. */
    HELD,
    /** The one it held is gone. */
    LOST
  }
}
