package dev.helm.activities.store;

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

  /** The outcome that was stored under the key, or null. */
  @Nullable String outcome(String run, String journalKey);

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
