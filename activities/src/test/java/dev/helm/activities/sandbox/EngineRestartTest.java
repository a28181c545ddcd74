package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The engine dies and comes back. HELM_TEST_ENGINE_STOP and HELM_TEST_ENGINE_START are shell
 * commands that do that to the engine of the test; without them this is skipped.
 */
@Tag("engine")
@Timeout(180)
final class EngineRestartTest {
  @Test
  void callsFailWhileItIsAwayAndTheRunGoesOnAfterwards() throws Exception {
    String stop = System.getenv().getOrDefault("HELM_TEST_ENGINE_STOP", "");
    String start = System.getenv().getOrDefault("HELM_TEST_ENGINE_START", "");
    assumeTrue(
        !stop.isEmpty() && !start.isEmpty(),
        "needs HELM_TEST_ENGINE_STOP and HELM_TEST_ENGINE_START");
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store())) {
      String run = TestEngine.newRun();
      Slot slot = sandbox.claim(run);
      Collected output = new Collected(0);
      ToolCommand command =
          ToolCommand.of("/bin/bash", "-c", "echo kept > file; echo on; sleep 1000");
      Execution execution = sandbox.execute(run, EffectAttempt.first("k", slot), command, output);
      output.await(3);

      shell(stop);
      assertThatThrownBy(() -> sandbox.claim(TestEngine.newRun()))
          .isInstanceOfSatisfying(EngineUnavailable.class, e -> assertThat(e.retryable()).isTrue());
      assertThat(sandbox.status(run).state()).isNotEqualTo(SandboxStatus.State.NONE);
      shell(start);

      // With or without its container the run goes on; an engine without live-restore takes it
      // along.
      Slot next = claimWhenBack(sandbox, run);
      if (next.life().equals(slot.life())) {
        assertThat(execution.outcome()).isNotDone();
      } else {
        assertThat(execution.outcome().get(60, TimeUnit.SECONDS))
            .isInstanceOf(EffectOutcome.Lost.class);
      }
      assertThat(machine.inside(run).resolve("file")).hasContent("kept\n");
      System.out.println("engine restart: container kept = " + next.life().equals(slot.life()));
    }
  }

  private static Slot claimWhenBack(DockerSandbox sandbox, String run) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return sandbox.claim(run);
      } catch (EngineUnavailable e) {
        assertThat(System.nanoTime()).isLessThan(due);
        Thread.onSpinWait();
      }
    }
  }

  private static void shell(String command) throws Exception {
    Process process = new ProcessBuilder("/bin/bash", "-c", command).inheritIO().start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }
}
