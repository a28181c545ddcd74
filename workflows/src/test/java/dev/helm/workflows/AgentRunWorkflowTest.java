package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.allow;
import static dev.helm.workflows.ScriptedRun.answer;
import static dev.helm.workflows.ScriptedRun.deny;
import static dev.helm.workflows.ScriptedRun.done;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import java.time.Duration;
import java.util.HashSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class AgentRunWorkflowTest {
  @Test
  void runsTurnsUntilTheModelAsksForNothing() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request -> request.turn() < 3 ? answer(request, "t" + request.turn()) : answer(request);
      run.start();
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls).extracting(ModelActivity.Request::turn).containsExactly(1, 2, 3);
      assertThat(run.modelCalls.get(2).head()).isEqualTo("head-2");
      assertThat(run.modelCalls.get(2).results())
          .extracting(RunStart.CallResult::toolUseId)
          .containsExactly("t2");
    }
  }

  @Test
  void firstDecisionWinsAndAStaleAllowIsNone() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> request.turn() == 1 ? answer(request, "mail") : answer(request);
      run.tool =
          (r, request) ->
              request.phase() instanceof ToolActivity.Phase.Asked
                  ? r.asks(request, Duration.ofMinutes(30))
                  : done(request);
      AgentRunWorkflow workflow = run.start();
      ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
      workflow.decide(
          new Signals.Decide("d0", "p-mail", true, "hash-of-another", null, "eve", null));
      workflow.decide(deny("mail", "ada"));
      workflow.decide(allow("mail", "bob"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.toolSteps).hasSize(2);
      assertThat(run.toolSteps.get(1).phase())
          .isEqualTo(new ToolActivity.Phase.Decided(deny("mail", "ada")));
    }
  }

  @Test
  void silenceIsTimedOutAfterItsDeadline() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> request.turn() == 1 ? answer(request, "mail") : answer(request);
      run.tool =
          (r, request) ->
              request.phase() instanceof ToolActivity.Phase.Asked
                  ? r.asks(request, Duration.ofMinutes(30))
                  : done(request);
      run.start();
      run.end();
      assertThat(run.toolSteps.get(1).phase()).isEqualTo(new ToolActivity.Phase.TimedOut("p-mail"));
    }
  }

  @Test
  void steeringIsReadOnceInOrderAtTheNextTurn() {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request -> {
            if (request.turn() == 1) {
              asked.countDown();
              await(goOn);
              return answer(request, "t1");
            }
            return answer(request);
          };
      AgentRunWorkflow workflow = run.start();
      await(asked);
      workflow.message(new Signals.Message("m1", false));
      workflow.message(new Signals.Message("m2", false));
      workflow.message(new Signals.Message("m1", false));
      workflow.message(new Signals.Message("m3", false));
      workflow.cancelMessage(new Signals.CancelMessage("m2", "ada"));
      goOn.countDown();
      run.end();
      assertThat(run.modelCalls.get(1).messages()).containsExactly("m1", "m3");
    }
  }

  @Test
  void aMessageAfterTheLastAnswerGetsATurnOfItsOwn() {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request -> {
            if (request.turn() == 1) {
              asked.countDown();
              await(goOn);
            }
            return answer(request);
          };
      AgentRunWorkflow workflow = run.start();
      await(asked);
      workflow.message(new Signals.Message("late", false));
      goOn.countDown();
      run.end();
      assertThat(run.modelCalls).hasSize(2);
      assertThat(run.modelCalls.get(1).messages()).containsExactly("late");
    }
  }

  @Test
  void nothingStartsAfterAPauseUntilItEnds() {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request -> {
            if (request.turn() == 1) {
              asked.countDown();
              await(goOn);
              return answer(request, "t1");
            }
            return answer(request);
          };
      AgentRunWorkflow workflow = run.start();
      await(asked);
      workflow.pause(new Signals.Control("c1", "ada"));
      goOn.countDown();
      run.awaitFact(RunEvent.RunPaused.class::isInstance);
      assertThat(run.toolSteps).isEmpty();
      workflow.resume(new Signals.Control("c2", "bob"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.all(RunEvent.RunResumed.class))
          .containsExactly(new RunEvent.RunResumed("person", "bob"));
      assertThat(run.toolSteps).hasSize(1);
    }
  }

  @Test
  void cancelInterruptsTheRunningTool() throws InterruptedException {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> answer(request, "t1");
      run.tool = ScriptedRun::untilInterrupted;
      AgentRunWorkflow workflow = run.start();
      assertThat(run.toolRuns.await(20, TimeUnit.SECONDS)).isTrue();
      workflow.cancel(new Signals.Control("c1", "ada"));
      assertThat(run.end()).isEqualTo(new RunEvent.RunFinished("cancelled", null, "ada"));
    }
  }

  @Test
  void cancelEndsARunThatWaitsForAPerson() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> answer(request, "t1");
      run.tool = (r, request) -> r.asks(request, Duration.ofDays(300));
      AgentRunWorkflow workflow = run.start();
      run.awaitWaiting();
      workflow.cancel(new Signals.Control("c1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("cancelled");
      assertThat(run.toolSteps).hasSize(1);
    }
  }

  @Test
  void aMessageNowInterruptsTheToolAndIsReadNext() throws InterruptedException {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> request.turn() == 1 ? answer(request, "t1", "t2") : answer(request);
      run.tool =
          (r, request) ->
              request.phase() instanceof ToolActivity.Phase.Asked
                  ? ScriptedRun.untilInterrupted(r, request)
                  : done(request);
      AgentRunWorkflow workflow = run.start();
      assertThat(run.toolRuns.await(20, TimeUnit.SECONDS)).isTrue();
      workflow.message(new Signals.Message("m1", true));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls.get(1).messages()).containsExactly("m1");
      assertThat(run.modelCalls.get(1).results())
          .extracting(RunStart.CallResult::sha256)
          .containsExactly("interrupted", "sha-t2");
      assertThat(run.toolSteps.get(1).phase()).isInstanceOf(ToolActivity.Phase.Dropped.class);
    }
  }

  @Test
  void aCallThatWaitsHoldsUpNoOther() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> request.turn() == 1 ? answer(request, "a", "b", "c") : answer(request);
      run.tool =
          (r, request) ->
              request.phase() instanceof ToolActivity.Phase.Asked
                      && !request.toolUseId().equals("b")
                  ? r.asks(request, Duration.ofMinutes(30))
                  : done(request);
      AgentRunWorkflow workflow = run.start();
      ScriptedRun.await("all asked", () -> run.toolSteps.size() == 3);
      workflow.decide(allow("c", "ada"));
      workflow.decide(allow("a", "ada"));
      run.end();
      assertThat(run.modelCalls.get(1).results())
          .extracting(RunStart.CallResult::toolUseId)
          .containsExactly("a", "b", "c");
      assertThat(run.toolSteps).extracting(ToolActivity.Request::alone).contains(true);
    }
  }

  @Test
  void aSpentBudgetWaitsForMoneyAndGoesOn() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request ->
              request.round() == 0
                  ? new ModelActivity.Reply.OverBudget("run", "no room")
                  : answer(request);
      AgentRunWorkflow workflow = run.start();
      ScriptedRun.await("the call", () -> !run.modelCalls.isEmpty());
      workflow.budgetRaised(new Signals.Control("r1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls).extracting(ModelActivity.Request::turn).containsExactly(1, 1);
    }
  }

  @Test
  void aBudgetThatNobodyRaisesEndsTheRun() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model = request -> new ModelActivity.Reply.OverBudget("run", "no room");
      run.start();
      assertThat(run.end().outcome()).isEqualTo("failed");
    }
  }

  @Test
  void theTurnLimitEndsTheRun() {
    try (ScriptedRun run = new ScriptedRun().turnsMax(3)) {
      run.model = request -> answer(request, "t" + request.turn());
      run.start();
      assertThat(run.end().reason()).contains("3 turns");
      assertThat(run.modelCalls).hasSize(3);
      assertThat(run.all(RunEvent.LimitReached.class)).hasSize(1);
    }
  }

  @Test
  @Timeout(180)
  void aThousandTurnsCrossContinueAsNewAndLoseNothing() {
    try (ScriptedRun run = new ScriptedRun()) {
      run.model =
          request ->
              request.turn() < 1_000 ? answer(request, "t" + request.turn()) : answer(request);
      run.start();
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.modelCalls).hasSize(1_000);
      for (int i = 1; i < 1_000; i++) {
        assertThat(run.modelCalls.get(i).turn()).isEqualTo(i + 1);
        assertThat(run.modelCalls.get(i).head()).isEqualTo("head-" + i);
        assertThat(run.modelCalls.get(i).results()).hasSize(1);
      }
      assertThat(new HashSet<>(run.toolSteps)).hasSize(999);
      assertThat(run.all(RunEvent.RunStarted.class)).hasSize(1);
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
