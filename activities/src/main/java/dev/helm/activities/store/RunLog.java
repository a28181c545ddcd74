package dev.helm.activities.store;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The append-only log of all runs, with the journal that makes retried activities harmless. Every
 * call is one transaction that is on disk when it returns.
 */
public interface RunLog {
  /**
   * Appends the facts in order. A fact whose key is already there with the same type, agent and
   * data is skipped.
   *
   * @return the seq of each fact, old or new
   * @throws LogUnavailableException when nothing could be stored (disk full, I/O error, locked);
   *     nothing was written and the call may be repeated
   * @throws KeyConflictException when a key exists with other content; nothing was written
   */
  List<Long> append(String run, List<Fact> facts);

  /**
   * Like {@link #append}, and stores the outcome of an activity under {@code journalKey} in the
   * same transaction.
   */
  List<Long> append(String run, List<Fact> facts, String journalKey, String outcomeJson);

  /**
   * Appends the last facts of a run. In the same transaction every call that was started and has
   * neither {@code tool.finished} nor {@code tool.unknown} gets a {@code tool.finished}.
   *
   * @return ids of messages that are queued and keep the run from succeeding, oldest first; then
   *     nothing was written. Empty when the run has ended
   */
  List<String> finish(String run, List<Fact> facts);

  /** The outcome that was stored under the key, or null. */
  @Nullable String outcome(String run, String journalKey);

  /** What {@link #finish} records for a started call, under {@code key}. */
  static Fact endOfOpen(String key, String agent, String toolUseId, String tool) {
    return new Fact(
        key,
        agent,
        new RunEvent.ToolFinished(
            toolUseId,
            tool,
            "interrupted",
            "interrupted · the run ended",
            Content.text("The run ended before this call did; what it did by then is not known."),
            null,
            0,
            0,
            null));
  }

  /** Nothing could be stored; nothing was written. Retryable. */
  final class LogUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With what happened and what to do. */
    public LogUnavailableException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A key exists with other content: two different things claim to be the same one. */
  final class KeyConflictException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With the key and both types. */
    public KeyConflictException(String message) {
      super(message);
    }
  }
}
