package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import java.util.List;
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

  /**
   * The same for another attempt at a call of which an earlier one began.
   *
   * @param before what was prepared for the attempt before this one
   */
  default String prepareAgain(CallContext context, String before) {
    return prepare(context);
  }

  /** Does it. Called once, after {@code tool.started} is on disk. */
  Result run(CallContext context, int attempt, String prepared, Heart heart);

  /** Goes on with what an attempt began whose end nobody saw. Never begins anything. */
  Result attach(CallContext context, int attempt, String prepared, Heart heart);

  /**
   * People have answered what it asked with {@link Result.Asks}; it goes on. Called again if the
   * activity is tried again.
   *
   * @param number as it was asked
   * @param answer null when nobody answered in time
   */
  default Result answered(
      CallContext context, int attempt, int number, @Nullable String answer, Heart heart) {
    throw new IllegalStateException("this tool asks nothing");
  }

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

    /**
     * It asks people before it can go on, and waits.
     *
     * @param number counts the questions of an attempt from 1
     * @param freeText whether other answers than the options are welcome
     */
    record Asks(int number, String text, List<String> options, boolean freeText)
        implements Result {}

    /** It surely did not happen and can be tried again as if new. */
    record NotStarted(String reason) implements Result {}

    /**
     * It was begun, and its end was not seen. Told as a failure it would be done a second time, so
     * people are asked; but not of what only reads.
     *
     * @param acts whether it may act; what others say of their own tools is not believed
     * @param otherwise what it is if it only reads
     */
    static Result unseen(boolean acts, String reason, ToolEnd otherwise) {
      return acts ? new Unknown(reason) : new Ended(otherwise, null);
    }
  }
}
