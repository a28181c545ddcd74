package dev.helm.service.rest;

import dev.helm.api.Usd;
import dev.helm.workflows.Signals;
import org.jspecify.annotations.Nullable;

/**
 * What people may do to a run that is at work. REST has checked the request and, where something is
 * stored first (a run, a message), has stored it; this port carries it to the run's workflow.
 *
 * <p>Every call is idempotent by its {@code requestId} or id: after a crash the same call comes
 * again. Every call returns once the workflow engine has accepted it, and throws {@link
 * WorkflowsDown} when that cannot be had now. None waits for the effect.
 */
public interface RunControl {
  /**
   * Returns if nothing stands in the way of the calls below.
   *
   * @throws dev.helm.service.files.EpochFailure the run is being rolled back
   */
  default void free(String run) {}

  /** Starts the workflow of a stored run; one that has started already is left alone. */
  void start(String run);

  /**
   * A person's decision; its id is the request's. Who came first is said by {@code
   * permission.decided} in the log, not here.
   */
  void decide(String run, Signals.Decide decision);

  /**
   * An answer to a question of the agent, or {@code happened again stop} for an unknown outcome.
   */
  void answer(String run, String questionId, String answer, String by, String requestId);

  /** Tells the run of a queued message; {@code when} is {@code next} or {@code now}. */
  void message(String run, String messageId, String when);

  /** Tells the run that a queued message was taken back. */
  void cancelMessage(String run, String messageId, String by);

  /** Lets nothing new start after the running tool. */
  void pause(String run, String by, String requestId);

  /** Goes on after a pause by a person. */
  void resume(String run, String by, String requestId);

  /** Ends the run. */
  void cancel(String run, String by, String requestId);

  /**
   * Raises the run's cap and lets it go on if money was what it waited for.
   *
   * @return the new cap
   */
  Usd raiseBudget(String run, Usd add, String by, String requestId);

  /** The workflow engine does not answer. What was asked for may be asked again. */
  final class WorkflowsDown extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With what happened. */
    public WorkflowsDown(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
