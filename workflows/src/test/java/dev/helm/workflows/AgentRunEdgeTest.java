package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
