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
public interface AgentRunWorkflow extends AgentSignals {
  /** The task queue that every worker of one installation polls. */
  String TASK_QUEUE = "helm";

  /** The agent that a person started; sub-agents have labels such as {@code main/1}. */
  String MAIN = "main";

  /** The workflow id of a run's epoch. */
  static String workflowId(String run, int epoch) {
    return run + "-" + epoch;
  }

  /** Runs to the end; what happened is in the run's log. */
  @WorkflowMethod
  void run(RunStart start);

  /** Steering text is waiting in the store. */
  @SignalMethod
  void message(Signals.Message message);

  /** Takes a message back if it has not been read. */
  @SignalMethod
  void cancelMessage(Signals.CancelMessage message);

  /**
   * Ends this epoch and not the run: what runs is interrupted and gets its end in the log, and
   * nothing else is written.
   */
  @SignalMethod
  void leave(Signals.Control control);
}
