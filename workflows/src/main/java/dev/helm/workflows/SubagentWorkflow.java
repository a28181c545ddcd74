package dev.helm.workflows;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import org.jspecify.annotations.Nullable;

/**
 * A sub-agent: a conversation of its own in the run of the agent that asked for it, whose child
 * workflow it is. Its events carry its label; its end is recorded by the agent that asked.
 */
@WorkflowInterface
public interface SubagentWorkflow extends AgentSignals {
  /** The workflow id of an agent of a run's epoch. */
  static String workflowId(String run, int epoch, String agent) {
    String main = AgentRunWorkflow.workflowId(run, epoch);
    return agent.equals(AgentRunWorkflow.MAIN) ? main : main + "/" + agent;
  }

  /** Works to the end. */
  @WorkflowMethod
  Ended run(Start start);

  /**
   * What a sub-agent starts with.
   *
   * @param limits run, epoch and what of the run's limits is left; carry as for a run
   * @param agent its label
   * @param parent workflow id of the agent that asked for it
   * @param subagentTurns model calls that its own sub-agents made for earlier executions of it
   */
  record Start(RunStart limits, String agent, String parent, int subagentTurns) {}

  /**
   * How it ended.
   *
   * @param outcome {@code succeeded failed cancelled}
   * @param turns model calls that it made, those of its own sub-agents included
   * @param workedMs its working time
   * @param stoppedBy who answered {@code stop} to an unknown outcome, which ends the whole run;
   *     null if nobody did
   */
  record Ended(
      String outcome,
      @Nullable String reason,
      int turns,
      long workedMs,
      @Nullable String stoppedBy) {}
}
