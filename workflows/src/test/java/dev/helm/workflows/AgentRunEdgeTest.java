package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import io.temporal.activity.Activity;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Races of people with a run that were lost once. */
@Timeout(30)
class AgentRunEdgeTest {
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch goOn = new CountDownLatch(1);

  @Test
  void aTurnThatWasBegunAnewIsFollowedByTheNextTurn() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request ->
              switch (request.turn() * 10 + request.round()) {
                case 10 -> new ModelActivity.Reply.OverBudget("run", "no room");
                case 11, 20 -> answer(request, "t" + request.turn());
                default -> answer(request);
              };
      AgentRunWorkflow workflow = run.start();
      ScriptedRun.await("the call", () -> !run.modelCalls.isEmpty());
      workflow.budgetRaised(new Signals.Control("r1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls)
          .extracting(request -> request.turn() + "." + request.round())
          .containsExactly("1.0", "1.1", "2.0", "3.0");
    }
  }

  @Test
  void theLastMessageTakenBackDuringAPauseEndsTheRun() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request -> {
            asked.countDown();
            await(goOn);
            return answer(request);
          };
      AgentRunWorkflow workflow = run.start();
      await(asked);
      workflow.message(new Signals.Message("m1", false));
      workflow.pause(new Signals.Control("c1", "ada"));
      goOn.countDown();
      run.awaitFact(RunEvent.RunPaused.class::isInstance);
      workflow.cancelMessage(new Signals.CancelMessage("m1", "ada"));
      workflow.resume(new Signals.Control("c2", "ada"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls).hasSize(1);
    }
  }

  @Test
  void aMessageThatTheStoreHoldsIsReadBeforeTheRunSucceeds() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.unread = () -> run.modelCalls.size() < 2 ? List.of("m1", "m2") : List.of();
      run.start();
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls).hasSize(2);
      assertThat(run.modelCalls.get(1).messages()).containsExactly("m1", "m2");
      assertThat(run.modelCalls.get(1).turn()).isEqualTo(2);
    }
  }

  @Test
  void aCancelThatBreaksOffAStepFindsAndEndsWhatItBegan() throws InterruptedException {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> answer(request, "t1", "t2");
      run.tool =
          (r, request) ->
              request.phase() instanceof ToolActivity.Phase.Asked
                  ? breaksOff(r)
                  : ScriptedRun.done(request);
      AgentRunWorkflow workflow = run.start();
      assertThat(run.toolRuns.await(20, TimeUnit.SECONDS)).isTrue();
      workflow.cancel(new Signals.Control("c1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("cancelled");
      assertThat(run.toolSteps)
          .extracting(step -> step.toolUseId() + step.phase().getClass().getSimpleName())
          .containsExactly("t1Asked", "t1Dropped");
    }
  }

  @Test
  void aCancelDoesNotHangOnAnEngineThatDoesNotAnswer() throws InterruptedException {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> answer(request, "t1");
      run.tool =
          (r, request) -> {
            if (request.phase() instanceof ToolActivity.Phase.Asked) {
              return breaksOff(r);
            }
            throw new IllegalStateException("the engine does not answer");
          };
      AgentRunWorkflow workflow = run.start();
      assertThat(run.toolRuns.await(20, TimeUnit.SECONDS)).isTrue();
      workflow.cancel(new Signals.Control("c1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("cancelled");
    }
  }

  @Test
  void afterTheEndInTheLogNothingIsTriedAgain() {
    try (ScriptedRun run = new ScriptedRun()) {
      AtomicInteger refused = new AtomicInteger();
      Supplier<RuntimeException> ended =
          () -> {
            refused.incrementAndGet();
            return ApplicationFailure.newFailure("the run has ended", LogActivity.RUN_ENDED);
          };
      run.model =
          request -> {
            throw ended.get();
          };
      run.unread =
          () -> {
            throw ended.get();
          };
      run.start();
      WorkflowStub workflow =
          run.env
              .getWorkflowClient()
              .newUntypedWorkflowStub(AgentRunWorkflow.workflowId(ScriptedRun.RUN, 1));
      workflow.getResult(Void.class);
      assertThat(refused).hasValue(2);
    }
  }

  /** A run may be paused before its workflow is there. */
  @Test
  void aPauseFromTheBeginningIsLoggedAfterTheStart() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.startPaused();
      run.awaitFact(RunEvent.RunPaused.class::isInstance);
      assertThat(run.modelCalls).isEmpty();
      synchronized (run.facts) {
        assertThat(run.facts.values().stream().map(RunEvent::type))
            .containsExactly("run.started", "run.paused");
      }
    }
  }

  /** An attempt that ends with its cancellation and says nothing of the call. */
  private static ToolActivity.Reply breaksOff(ScriptedRun run) {
    run.toolRuns.countDown();
    while (true) {
      Activity.getExecutionContext().heartbeat(null);
      Thread.onSpinWait();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody came");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
