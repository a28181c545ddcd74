package dev.helm.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** A real Temporal server closes an execution that continues as new: its run id is no address. */
@Timeout(120)
@EnabledIfEnvironmentVariable(named = TemporalServer.BINARY, matches = ".+")
class SubagentOnServerTest {
  @Test
  void oneThatContinuedAsNewIsStillToldOfEverything() throws Exception {
    try (TemporalServer server = TemporalServer.start(System.getenv(TemporalServer.BINARY));
        ScriptedRun run = new ScriptedRun(server.target())) {
      String outcome = SubagentShapes.continuedAsNew(run);
      assertThat(run.end()).isEqualTo(new RunEvent.RunFinished(outcome, null, "ada"));
      assertThat(
              run.env
                  .getWorkflowClient()
                  .fetchHistory(SubagentWorkflow.workflowId(ScriptedRun.RUN, 1, "main/1"))
                  .getEvents()
                  .getFirst()
                  .getWorkflowExecutionStartedEventAttributes()
                  .getContinuedExecutionRunId())
          .isNotEmpty();
    }
  }
}
