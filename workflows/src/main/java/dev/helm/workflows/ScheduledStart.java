package dev.helm.workflows;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** What Temporal starts when a schedule fires: it has one thing done and is over. */
@WorkflowInterface
public interface ScheduledStart {
  /** Has the fire of this schedule handled that Temporal started it for. */
  @WorkflowMethod
  void fire(String schedule);
}
