package dev.helm.workflows;

import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/**
 * One epoch of one run: model call, gate, tool calls, again, until the model asks for nothing more
 * or a person ends it. The workflow id is {@code <run>-<epoch>}.
 *
 * <p>Every signal carries an id made by its sender, so that a signal sent twice counts once.
 */
@WorkflowInterface
public interface AgentRunWorkflow {
  /** The task queue that every worker of one installation polls. */
  String TASK_QUEUE = "helm";

  /** The workflow id of a run's epoch. */
  static String workflowId(String run, int epoch) {
    return run + "-" + epoch;
  }

  /** Runs to the end; what happened is in the run's log. */
  @WorkflowMethod
  void run(RunStart start);

  /** A person's answer to a permission; the first one wins. */
  @SignalMethod
  void decide(Signals.Decide decision);

  /** A person's answer to a question or to an unknown outcome; the first one wins. */
  @SignalMethod
  void answer(Signals.Answer answer);

  /** Steering text is waiting in the store. */
  @SignalMethod
  void message(Signals.Message message);

  /** Takes a message back if it has not been read. */
  @SignalMethod
  void cancelMessage(Signals.CancelMessage message);

  /** Nothing starts after the running tool call. */
  @SignalMethod
  void pause(Signals.Control control);

  /** Ends a person's pause. */
  @SignalMethod
  void resume(Signals.Control control);

  /** Ends the run; a running tool call is interrupted. */
  @SignalMethod
  void cancel(Signals.Control control);

  /**
   * Ends this epoch and not the run: what runs is interrupted and gets its end in the log, and
   * nothing else is written.
   */
  @SignalMethod
  void leave(Signals.Control control);

  /** The cap was raised in the ledger; a run that waits for money goes on. */
  @SignalMethod
  void budgetRaised(Signals.Control control);
}
