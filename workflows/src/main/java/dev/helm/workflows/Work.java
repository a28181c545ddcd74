package dev.helm.workflows;

import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.List;

/**
 * What an agent is doing now: the steps that an interrupt or a cancel ends, and how long it has
 * worked in all. Part of {@link RunState}, under the same rules.
 */
final class Work {
  private final List<CancellationScope> atWork = new ArrayList<>();

  private int delegates;
  private boolean interrupting;
  private long workedMs;
  private long workSinceMs;

  /** With how long it has worked in former executions, in milliseconds. */
  Work(long workedMs) {
    this.workedMs = workedMs;
  }

  boolean idle() {
    return atWork.isEmpty();
  }

  void begins(CancellationScope scope) {
    if (atWork.isEmpty()) {
      workSinceMs = Workflow.currentTimeMillis();
    }
    atWork.add(scope);
  }

  void ends(CancellationScope scope) {
    atWork.remove(scope);
    if (atWork.isEmpty()) {
      workedMs += Math.max(0, Workflow.currentTimeMillis() - workSinceMs);
    }
  }

  /** A sub-agent begins to work for this agent. */
  void delegates() {
    delegates++;
  }

  /** It has ended; its work counts as this agent's. */
  void returned(long itsWorkedMs) {
    delegates--;
    workedMs += itsWorkedMs;
  }

  long workedMs() {
    return workedMs;
  }

  /** Ends what is at work, for good. */
  void cancel() {
    atWork.forEach(CancellationScope::cancel);
  }

  /** Ends what is at work, so that a message is read first; nothing if nothing is. */
  void interrupt() {
    if (!atWork.isEmpty() || delegates > 0) {
      interrupting = true;
      cancel();
    }
  }

  boolean takeInterrupt() {
    boolean was = interrupting;
    interrupting = false;
    return was;
  }

  boolean interrupting() {
    return interrupting;
  }
}
