package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that wait for people, on a real engine: they hold no container for long. */
@Tag("engine")
@Timeout(600)
final class WaitingSlotsTest {
  private TestEngine machine;
  private DockerSandbox sandbox;
  private final Waits waits = new Waits();

  /** Who waits, as the log would say. */
  private static final class Waits implements WaitingRuns {
    final Map<String, Long> sinceNs = new ConcurrentHashMap<>();
    final List<String> taken = new CopyOnWriteArrayList<>();
    volatile Duration patience = Duration.ofHours(1);
    volatile boolean logIsAway;

    @Override
    public Duration patience() {
      return patience;
    }

    @Override
    public OptionalLong waitingMs(String run) {
      Long since = sinceNs.get(run);
      return since == null
          ? OptionalLong.empty()
          : OptionalLong.of((System.nanoTime() - since) / 1_000_000);
    }

    @Override
    public void takenBack(String run, String slot, String why) {
      if (logIsAway) {
        throw new IllegalStateException("the log is away");
      }
      taken.add(run);
    }

    void waitsNow(String run) {
      sinceNs.put(run, System.nanoTime());
    }
  }

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
    sandbox =
        DockerSandbox.start(
            machine.settings, machine.store(), machine.workspaces, List.of(), waits);
  }

  @AfterEach
  void close() throws IOException {
    if (sandbox != null) {
      sandbox.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void aRunThatWaitsLongGivesItsContainerBackAndGoesOnInANewOne() throws Exception {
    waits.patience = Duration.ofSeconds(1);
    String run = TestEngine.newRun();
    Slot first = sandbox.claim(run);
    bash(first, "k1", "echo kept > file; echo gone > /tmp/file");
    waits.waitsNow(run);
    await(() -> sandbox.status(run).state() == SandboxStatus.State.NONE);
    assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
    assertThat(waits.taken).containsExactly(run);

    waits.sinceNs.remove(run);
    // The call that was prepared in the old container starts nothing and says so.
    EffectOutcome stale =
        sandbox
            .execute(run, EffectAttempt.first("k2", first), script("true"), (offset, data) -> {})
            .outcome()
            .get(30, TimeUnit.SECONDS);
    assertThat(stale)
        .isInstanceOfSatisfying(
            EffectOutcome.Lost.class, lost -> assertThat(lost.mayHaveRun()).isFalse());
    Slot second = sandbox.claim(run);
    assertThat(second.life()).isNotEqualTo(first.life());
    assertThat(bash(second, "k2", "cat file; cat /tmp/file"))
        .contains("kept\n")
        .contains("No such file");
  }

  @Test
  void aRunThatIsAtWorkKeepsItsContainerHoweverLong() throws Exception {
    waits.patience = Duration.ofMillis(200);
    String run = TestEngine.newRun();
    Slot slot = sandbox.claim(run);
    // Said to wait, which is not true of it: a command of its is running.
    waits.waitsNow(run);
    Collected output = new Collected(0);
    Execution execution =
        sandbox.execute(
            run, EffectAttempt.first("k", slot), script("echo on; sleep 5; echo off"), output);
    EffectOutcome outcome = execution.outcome().get(60, TimeUnit.SECONDS);
    assertThat(outcome).isInstanceOf(EffectOutcome.Ended.class);
    assertThat(output.text()).isEqualTo("on\noff\n");
    assertThat(waits.taken).isEmpty();
  }

  @Test
  void withoutALogNothingIsTakenBack() throws Exception {
    waits.patience = Duration.ofMillis(200);
    waits.logIsAway = true;
    String run = TestEngine.newRun();
    Slot slot = sandbox.claim(run);
    waits.waitsNow(run);
    TimeUnit.SECONDS.sleep(4); // twice as long as a slot may settle
    assertThat(sandbox.claim(run)).isEqualTo(slot);
    waits.logIsAway = false;
    await(() -> sandbox.status(run).state() == SandboxStatus.State.NONE);
  }

  /** HELM_TEST_WAITING_RUNS says how many; the slots are 8. */
  @Test
  void manyMoreRunsWaitThanThereAreSlots() throws Exception {
    int count = Integer.parseInt(System.getenv().getOrDefault("HELM_TEST_WAITING_RUNS", "24"));
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String run = TestEngine.newRun();
      runs.add(run);
      Slot slot = claimWhenFree(run);
      bash(slot, "k", "echo " + i + " > number");
      waits.waitsNow(run);
    }
    assertThat(machine.engine.list(machine.settings.installation())).hasSizeLessThanOrEqualTo(8);
    assertThat(waits.taken).hasSizeGreaterThanOrEqualTo(count - 8);
    waits.patience = Duration.ofMillis(1);
    await(() -> waits.taken.size() == count);
    // None of all that wait holds one; each goes on with its files.
    for (int i : new int[] {0, count / 2, count - 1}) {
      waits.sinceNs.remove(runs.get(i));
      assertThat(bash(claimWhenFree(runs.get(i)), "k2", "cat number")).isEqualTo(i + "\n");
    }
  }

  @Test
  void whereAllAreAtWorkARunIsToldToComeAgain() throws Exception {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      runs.add(TestEngine.newRun());
      assertThat(sandbox.claim(runs.get(i)).run()).isEqualTo(runs.get(i));
    }
    String late = TestEngine.newRun();
    assertThatThrownBy(() -> sandbox.claim(late))
        .isInstanceOfSatisfying(SandboxRefused.class, e -> assertThat(e.code()).isEqualTo("full"));
    waits.waitsNow(runs.get(3));
    assertThat(claimWhenFree(late).run()).isEqualTo(late);
    assertThat(waits.taken).containsExactly(runs.get(3));
    assertThat(Files.isDirectory(machine.workspaces.home(runs.get(3)))).isTrue();
  }

  /** As the activity does: a full house is tried again. */
  private Slot claimWhenFree(String run) throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return sandbox.claim(run);
      } catch (SandboxRefused e) {
        assertThat(e.code()).isEqualTo("full");
        assertThat(System.nanoTime()).isLessThan(due);
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }

  private String bash(Slot slot, String key, String script) throws Exception {
    Collected output = new Collected(0);
    Execution execution =
        sandbox.execute(slot.run(), EffectAttempt.first(key, slot), script(script), output);
    assertThat(execution.outcome().get(60, TimeUnit.SECONDS))
        .isInstanceOf(EffectOutcome.Ended.class);
    execution.acknowledge();
    return output.text();
  }

  private static ToolCommand script(String script) {
    return ToolCommand.of("/bin/bash", "-c", script);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(due);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
