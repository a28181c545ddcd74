package dev.helm.activities.sandbox;

import org.jspecify.annotations.Nullable;

/**
 * How a command ended, as the executor tells it.
 *
 * @param code exit code, 128 + signal or negative for others, as the executor gives it
 * @param reason why it ended
 * @param message the executor's words, at most 500 characters, or null
 * @param keptBytes length of the kept output, all of which the sink has seen
 * @param totalBytes what the command wrote
 * @param droppedBytes what was not kept
 */
public record EffectExit(
    int code,
    Reason reason,
    @Nullable String message,
    long keptBytes,
    long totalBytes,
    long droppedBytes) {
  /** Why a command ended. */
  public enum Reason {
    EXITED("exited"),
    SIGNALLED("signalled"),
    TIMED_OUT("timedOut"),
    KILLED("killed"),
    SPAWN_FAILED("spawnFailed");

    private final String wire;

    Reason(String wire) {
      this.wire = wire;
    }

    static @Nullable Reason fromWire(String name) {
      for (Reason reason : values()) {
        if (reason.wire.equals(name)) {
          return reason;
        }
      }
      return null;
    }
  }
}
