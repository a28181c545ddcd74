package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import org.jspecify.annotations.Nullable;

/**
 * What a tool does in the world. Which of its steps may happen twice is said at each; the order is
 * always: intent on disk, effect, result on disk.
 */
public interface Effect {
  /**
   * Gets ready without any effect: what it returns is recorded with {@code tool.started} and given
   * back to {@link #run} and {@link #attach}, also after a restart.
   */
  String prepare(CallContext context);

  /** Does it. Called once, after {@code tool.started} is on disk. */
  Result run(CallContext context, int attempt, String prepared, Heart heart);

  /** Goes on with what an attempt began whose end nobody saw. Never begins anything. */
  Result attach(CallContext context, int attempt, String prepared, Heart heart);

  /** Stops it early; called from another thread. */
  void interrupt(CallContext context, int attempt);

  /** Whether the effect may simply be run again when nobody can know whether it happened. */
  boolean repeatable();

  /** What the effect does to the run's workspace. */
  default Touch touch() {
    return repeatable() ? Touch.NOTHING : Touch.TOLD;
  }

  /** What an effect does to the run's workspace. */
  enum Touch {
    /** It leaves the workspace as it is. */
    NOTHING,
    /** Its end tells which files it changed. */
    TOLD,
    /** It may change files without telling which. */
    UNTOLD
  }

  /** How it ended. */
  sealed interface Result {
    /** It is over. {@code acknowledge} is called once the end is on disk. */
    record Ended(ToolEnd end, @Nullable Runnable acknowledge) implements Result {}

    /** Nobody can know whether it happened; {@code reason} is for people. */
    record Unknown(String reason) implements Result {}

    /** It surely did not happen and can be tried again as if new. */
    record NotStarted(String reason) implements Result {}
  }
}
