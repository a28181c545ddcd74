package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.allow;
import static dev.helm.workflows.ScriptedRun.answer;
import static dev.helm.workflows.ScriptedRun.done;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sub-agents in the time-skipping environment: calls whose id begins with "a" ask for one. */
@Timeout(60)
class SubagentTest {
  private final ScriptedRun run = new ScriptedRun();

  @AfterEach
  void close() {
    run.close();
  }

  /** The main agent asks for these sub-agents in its first turn; each makes one call. */
  private void agents(String... toolUseIds) {
    run.model =
        request -> {
          if (request.turn() > 1) {
            return answer(request);
          }
          return request.agent().equals("main")
              ? answer(request, toolUseIds)
              : answer(request, "t-" + request.agent());
        };
    run.tool = SubagentTest::step;
  }

  private static Reply step(ScriptedRun run, ToolActivity.Request request) {
    return request.toolUseId().startsWith("a") && request.phase() instanceof Phase.Asked
        ? new Reply.Spawns(request.agent() + "/" + request.toolUseId().substring(1))
        : done(request);
  }

  private List<ToolActivity.Request> steps(Class<? extends Phase> phase) {
    synchronized (run.toolSteps) {
      return run.toolSteps.stream().filter(step -> phase.isInstance(step.phase())).toList();
    }
  }

  private Phase.Returned returned(String toolUseId) {
    return (Phase.Returned)
        steps(Phase.Returned.class).stream()
            .filter(step -> step.toolUseId().equals(toolUseId))
            .findFirst()
            .orElseThrow()
            .phase();
  }

  private long modelCalls(String agent) {
    synchronized (run.modelCalls) {
      return run.modelCalls.stream().filter(call -> call.agent().equals(agent)).count();
    }
  }

  private void awaitStep(Class<? extends Phase> phase, String toolUseId) {
    ScriptedRun.await(
        toolUseId,
        () -> steps(phase).stream().anyMatch(step -> step.toolUseId().equals(toolUseId)));
  }

  private List<String> facts() {
    synchronized (run.facts) {
      return run.facts.values().stream().map(RunEvent::type).toList();
    }
  }

  @Test
  void twoWorkSideBySideAndTheirLastWordsAreTheResults() {
    agents("a1", "a2");
    run.start();
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(modelCalls("main")).isEqualTo(2);
    assertThat(modelCalls("main/1")).isEqualTo(2);
    assertThat(modelCalls("main/2")).isEqualTo(2);
    assertThat(returned("a1")).isEqualTo(new Phase.Returned("main/1", "succeeded", null));
    synchronized (run.modelCalls) {
      assertThat(
              run.modelCalls.stream()
                  .filter(call -> call.agent().equals("main") && call.turn() == 2)
                  .flatMap(call -> call.results().stream())
                  .map(RunStart.CallResult::toolUseId))
          .containsExactly("a1", "a2");
    }
    assertThat(facts()).containsExactly("run.started", "run.finished");
  }

  @Test
  void oneOfASubagentsOwn() {
    run.model =
        request ->
            request.turn() > 1 || request.agent().equals("main/1/2")
                ? answer(request)
                : answer(request, request.agent().equals("main") ? "a1" : "a2");
    run.tool = SubagentTest::step;
    run.start();
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(returned("a2").subagent()).isEqualTo("main/1/2");
    assertThat(modelCalls("main/1/2")).isEqualTo(1);
  }

  @Test
  void itsPermissionPausesTheRunAndTheDecisionReachesIt() {
    agents("a1");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t") && request.phase() instanceof Phase.Asked
                ? r.asks(request, Duration.ofDays(3))
                : step(r, request);
    run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && "p-t-main/1".equals(p.permissionId()));
    run.subagent("main/1").decide(allow("t-main/1", "ada"));
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(steps(Phase.Decided.class)).hasSize(1);
    assertThat(facts().stream().filter("run.paused"::equals)).hasSize(1);
  }

  @Test
  void whileOneWaitsTheOtherWorksAndTheRunIsNotPaused() {
    agents("a1", "a2");
    run.tool =
        (r, request) -> {
          if (request.toolUseId().equals("t-main/1") && request.phase() instanceof Phase.Asked) {
            return r.asks(request, Duration.ofDays(3));
          }
          if (request.toolUseId().equals("t-main/2")) {
            ScriptedRun.untilInterrupted(r, request);
          }
          return step(r, request);
        };
    AgentRunWorkflow workflow = run.start();
    awaitStep(Phase.Asked.class, "t-main/1");
    awaitStep(Phase.Asked.class, "t-main/2");
    assertThat(facts()).doesNotContain("run.paused");
    workflow.cancel(new Signals.Control("c", "ada"));
    assertThat(run.end().outcome()).isEqualTo("cancelled");
  }

  @Test
  void cancelEndsItsToolAndItsEndIsRecorded() throws InterruptedException {
    agents("a1");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t")
                ? ScriptedRun.untilInterrupted(r, request)
                : step(r, request);
    AgentRunWorkflow workflow = run.start();
    run.toolRuns.await();
    workflow.cancel(new Signals.Control("c", "ada"));
    assertThat(run.end()).isEqualTo(new RunEvent.RunFinished("cancelled", null, "ada"));
    assertThat(returned("a1").outcome()).isEqualTo("cancelled");
    assertThat(modelCalls("main/1")).isEqualTo(1);
  }

  @Test
  void aMessageNowEndsItAndTheMainAgentReadsTheMessage() throws InterruptedException {
    agents("a1", "a2");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t")
                ? ScriptedRun.untilInterrupted(r, request)
                : step(r, request);
    AgentRunWorkflow workflow = run.start();
    run.toolRuns.await();
    awaitStep(Phase.Asked.class, "t-main/2");
    workflow.message(new Signals.Message("m1", true));
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(returned("a1").outcome()).isEqualTo("cancelled");
    assertThat(returned("a2").reason()).contains("message");
    synchronized (run.modelCalls) {
      assertThat(run.modelCalls.getLast().messages()).containsExactly("m1");
    }
  }

  @Test
  void pauseIsLoggedOnceItRestsAndNothingStartsBeforeResume() throws InterruptedException {
    agents("a1");
    var goOn = new java.util.concurrent.CountDownLatch(1);
    run.tool =
        (r, request) -> {
          if (request.toolUseId().startsWith("t")) {
            r.toolRuns.countDown();
            try {
              goOn.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
          return step(r, request);
        };
    AgentRunWorkflow workflow = run.start();
    run.toolRuns.await();
    workflow.pause(new Signals.Control("p1", "ada"));
    // The pause has reached the sub-agent when it has been told; its tool still runs.
    ScriptedRun.await("the pause", () -> signals("main/1", "pause") == 1);
    assertThat(facts()).doesNotContain("run.paused");
    goOn.countDown();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("person"));
    assertThat(modelCalls("main/1")).isEqualTo(1);
    workflow.resume(new Signals.Control("r1", "ada"));
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(facts()).containsExactly("run.started", "run.paused", "run.resumed", "run.finished");
  }

  private long signals(String agent, String name) {
    return run
        .env
        .getWorkflowClient()
        .fetchHistory(SubagentWorkflow.workflowId(ScriptedRun.RUN, 1, agent))
        .getEvents()
        .stream()
        .filter(event -> event.hasWorkflowExecutionSignaledEventAttributes())
        .filter(
            event ->
                event.getWorkflowExecutionSignaledEventAttributes().getSignalName().equals(name))
        .count();
  }

  @Test
  void itsSpentBudgetPausesTheRunAndARaiseGoesOn() {
    agents("a1");
    var script = run.model;
    run.model =
        request ->
            request.agent().equals("main/1") && request.turn() == 1 && request.round() == 0
                ? new ModelActivity.Reply.OverBudget("run", "no room")
                : script.apply(request);
    AgentRunWorkflow workflow = run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("budget"));
    workflow.budgetRaised(new Signals.Control("b1", "ada"));
    assertThat(run.end().outcome()).isEqualTo("succeeded");
    assertThat(facts()).containsExactly("run.started", "run.paused", "run.resumed", "run.finished");
    assertThat(modelCalls("main/1")).isEqualTo(3);
  }

  /** Three go on for ever; {@code turnsMax} is 11, of which the main agent has used one. */
  @Test
  void severalShareTheTurnsAndTheRunNeverHasMore() {
    run.turnsMax(11);
    agents("a1", "a2", "a3");
    run.model =
        request -> {
          if (request.agent().equals("main")) {
            return request.turn() == 1 ? answer(request, "a1", "a2", "a3") : answer(request);
          }
          return answer(request, "t" + request.agent() + request.turn());
        };
    run.start();
    assertThat(run.end().reason()).contains("limit reached");
    assertThat(run.modelCalls).hasSize(11);
    assertThat(modelCalls("main/1")).isBetween(3L, 4L);
    assertThat(modelCalls("main/2")).isBetween(3L, 4L);
    assertThat(modelCalls("main/3")).isBetween(3L, 4L);
  }

  @Test
  void withNoTurnLeftNoneBegins() {
    run.turnsMax(2);
    agents("a1", "a2");
    run.start();
    assertThat(run.end().reason()).contains("limit reached");
    assertThat(run.modelCalls).hasSize(2);
    assertThat(steps(Phase.Returned.class).stream().map(step -> ((Phase.Returned) step.phase())))
        .anySatisfy(phase -> assertThat(phase.reason()).contains("no turns left"));
  }

  /** The answer "stop" to an unknown outcome ends the run, whichever agent had asked. */
  @Test
  void stopInASubagentOfASubagentEndsTheRun() {
    run.model =
        request ->
            switch (request.agent()) {
              case "main" -> answer(request, "a1");
              case "main/1" -> answer(request, "a2");
              default -> answer(request, "t");
            };
    run.tool =
        (r, request) -> request.toolUseId().equals("t") ? new Reply.Stop("ada") : step(r, request);
    run.start();
    assertThat(run.end()).isEqualTo(new RunEvent.RunFinished("cancelled", null, "ada"));
    assertThat(run.modelCalls).hasSize(3);
    assertThat(returned("a1").outcome()).isEqualTo("cancelled");
  }

  @Test
  void itsTurnsCountAndOneThatReachesTheLimitFails() {
    run.turnsMax(3);
    agents("a1");
    run.model =
        request -> {
          if (request.agent().equals("main")) {
            return request.turn() == 1 ? answer(request, "a1") : answer(request);
          }
          return answer(request, "t" + request.turn());
        };
    run.start();
    assertThat(run.end().reason()).contains("limit reached");
    assertThat(returned("a1").outcome()).isEqualTo("failed");
    assertThat(modelCalls("main/1")).isEqualTo(2);
    assertThat(modelCalls("main")).isEqualTo(1);
  }
}
