package dev.helm.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.Worker;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs that began under an earlier build go on under this one: every recorded history replays
 * without a different command. docs/testing.md says what to do when one does not.
 */
@Timeout(60)
class ReplayTest {
  private final TestWorkflowEnvironment env =
      TestWorkflowEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(HelmJson.dataConverter())
                      .build())
              .build());

  static List<Path> histories() throws IOException {
    try (Stream<Path> files = Files.list(RecordHistories.FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  @AfterEach
  void close() {
    env.close();
  }

  @ParameterizedTest
  @MethodSource("histories")
  void replays(Path history) throws Exception {
    WorkflowReplayer.replayWorkflowExecution(
        read(history), worker(AgentRunWorkflowImpl.class, SubagentWorkflowImpl.class));
  }

  @Test
  void everyShapeIsThere() throws IOException {
    assertThat(histories()).hasSizeGreaterThanOrEqualTo(17);
  }

  @ParameterizedTest
  @MethodSource("histories")
  void aChangedWorkflowIsFound(Path history) throws Exception {
    assertThatThrownBy(
            () ->
                WorkflowReplayer.replayWorkflowExecution(
                    read(history), worker(Slower.class, SlowerSubagent.class)))
        .hasStackTraceContaining("NonDeterministicException");
  }

  private Worker worker(
      Class<? extends AgentRunWorkflow> implementation,
      Class<? extends SubagentWorkflow> subagent) {
    Worker worker = env.newWorker(AgentRunWorkflow.TASK_QUEUE);
    worker.registerWorkflowImplementationTypes(implementation, subagent);
    return worker;
  }

  private static WorkflowExecutionHistory read(Path history) throws IOException {
    return WorkflowExecutionHistory.fromJson(Files.readString(history));
  }

  /** The same workflow with one timer more: what an incompatible change looks like. */
  public static final class Slower implements AgentRunWorkflow {
    private final AgentRunWorkflowImpl same;

    @WorkflowInit
    public Slower(RunStart start) {
      same = new AgentRunWorkflowImpl(start);
    }

    @Override
    public void run(RunStart start) {
      Workflow.sleep(Duration.ofSeconds(1));
      same.run(start);
    }

    @Override
    public void decide(Signals.Decide decision) {
      same.decide(decision);
    }

    @Override
    public void answer(Signals.Answer answer) {
      same.answer(answer);
    }

    @Override
    public void message(Signals.Message message) {
      same.message(message);
    }

    @Override
    public void cancelMessage(Signals.CancelMessage message) {
      same.cancelMessage(message);
    }

    @Override
    public void pause(Signals.Control control) {
      same.pause(control);
    }

    @Override
    public void resume(Signals.Control control) {
      same.resume(control);
    }

    @Override
    public void cancel(Signals.Control control) {
      same.cancel(control);
    }

    @Override
    public void leave(Signals.Control control) {
      same.leave(control);
    }

    @Override
    public void budgetRaised(Signals.Control control) {
      same.budgetRaised(control);
    }

    @Override
    public void report(Signals.Report report) {
      same.report(report);
    }
  }

  /** The same for a sub-agent. */
  public static final class SlowerSubagent implements SubagentWorkflow {
    private final SubagentWorkflowImpl same;

    @WorkflowInit
    public SlowerSubagent(Start start) {
      same = new SubagentWorkflowImpl(start);
    }

    @Override
    public Ended run(Start start) {
      Workflow.sleep(Duration.ofSeconds(1));
      return same.run(start);
    }

    @Override
    public void decide(Signals.Decide decision) {
      same.decide(decision);
    }

    @Override
    public void answer(Signals.Answer answer) {
      same.answer(answer);
    }

    @Override
    public void pause(Signals.Control control) {
      same.pause(control);
    }

    @Override
    public void resume(Signals.Control control) {
      same.resume(control);
    }

    @Override
    public void cancel(Signals.Control control) {
      same.cancel(control);
    }

    @Override
    public void budgetRaised(Signals.Control control) {
      same.budgetRaised(control);
    }

    @Override
    public void report(Signals.Report report) {
      same.report(report);
    }
  }
}
