package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a real engine and the real image. */
@Tag("engine")
@Timeout(120)
final class DockerSandboxTest {
  private TestEngine machine;
  private FileSlotStore store;
  private DockerSandbox sandbox;
  private final String run = TestEngine.newRun();

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
    store = machine.store();
    sandbox = machine.sandbox(store);
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
  void aRunClaimsExecutesAndReleases() throws Exception {
    Files.writeString(machine.workspaces.create(run).resolve("in.txt"), "given");
    Slot slot = sandbox.claim(run);
    assertThat(sandbox.claim(run)).isEqualTo(slot);
    assertThat(sandbox.status(run).state()).isEqualTo(SandboxStatus.State.HELD);

    Collected output = new Collected(0);
    EffectOutcome outcome =
        end(slot, "k1", bash("cat in.txt; id -u; echo made > out.txt; exit 3"), output);

    assertThat(output.text()).isEqualTo("given" + machine.settings.ownerUid() + "\n");
    assertThat(outcome)
        .isInstanceOfSatisfying(
            EffectOutcome.Ended.class,
            ended -> {
              assertThat(ended.reattached()).isFalse();
              assertThat(ended.exit().code()).isEqualTo(3);
              assertThat(ended.exit().reason()).isEqualTo(EffectExit.Reason.EXITED);
            });
    Path inside = machine.inside(run);
    assertThat(inside.resolve("out.txt")).hasContent("made");
    sandbox.release(run);
    sandbox.release(run);
    assertThat(machine.workspaces.home(run).resolve("out.txt")).hasContent("made");
    assertThat(inside).doesNotExist();
    assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
    assertThat(store.list()).isEmpty();
  }

  @Test
  void aCommandOutlivesTheServiceAndIsFoundAgain() throws Exception {
    Slot slot = sandbox.claim(run);
    ToolCommand command =
        bash("echo run >> count; for i in $(seq 40); do echo line $i; sleep 0.05; done");
    Collected before = new Collected(0);
    Execution first = sandbox.execute(run, EffectAttempt.first("k", slot), command, before);
    before.await(20);
    sandbox.close();
    assertThat(first.outcome()).isNotDone();
    int durable = before.size();

    sandbox = machine.sandbox(store);
    assertThat(sandbox.claim(run)).isEqualTo(slot);
    Collected after = new Collected(durable);
    EffectOutcome outcome =
        sandbox
            .execute(run, EffectAttempt.again("k", slot.life(), durable), command, after)
            .outcome()
            .get(60, TimeUnit.SECONDS);

    assertThat(outcome)
        .isInstanceOfSatisfying(
            EffectOutcome.Ended.class, ended -> assertThat(ended.reattached()).isTrue());
    assertThat(before.text().substring(0, durable) + after.text())
        .isEqualTo(
            IntStream.rangeClosed(1, 40)
                .mapToObj(i -> "line " + i + "\n")
                .collect(Collectors.joining()));
    assertThat(machine.inside(run).resolve("count")).hasContent("run\n");
  }

  @Test
  void anAcknowledgedEffectIsNeverRunAgain() throws Exception {
    Slot slot = sandbox.claim(run);
    end(slot, "k", bash("echo run >> count"), new Collected(0));
    assertThatThrownBy(() -> end(slot, "k", bash("echo run >> count"), new Collected(0)))
        .hasCauseInstanceOf(SandboxRefused.class)
        .hasMessageContaining("refused the command");
    assertThat(machine.inside(run).resolve("count")).hasContent("run\n");
  }

  @Test
  void aContainerKilledInTheMiddleIsLostAndItsWorkspaceIsNot() throws Exception {
    Slot slot = sandbox.claim(run);
    Collected output = new Collected(0);
    ToolCommand command = bash("echo kept > file; echo on; sleep 100");
    Execution execution = sandbox.execute(run, EffectAttempt.first("k", slot), command, output);
    output.await(3);
    machine.engine.client().killContainerCmd(TestEngine.containerOf(slot)).exec();

    assertThat(execution.outcome().get(30, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            EffectOutcome.Lost.class, lost -> assertThat(lost.mayHaveRun()).isTrue());
    assertThat(sandbox.status(run).state()).isEqualTo(SandboxStatus.State.LOST);

    Slot next = sandbox.claim(run);
    assertThat(next.life()).isNotEqualTo(slot.life());
    assertThat(machine.inside(run).resolve("file")).hasContent("kept\n");
    EffectOutcome again =
        sandbox
            .execute(run, EffectAttempt.again("k", slot.life(), 3), command, new Collected(3))
            .outcome()
            .get(10, TimeUnit.SECONDS);
    assertThat(again).isInstanceOf(EffectOutcome.Lost.class);
  }

  @Test
  void aGigabyteOfOutputIsBounded() throws Exception {
    Slot slot = sandbox.claim(run);
    Collected output = new Collected(0);
    EffectOutcome outcome =
        end(slot, "k", bash("head -c 1G /dev/zero").withCapBytes(1 << 20), output);
    assertThat(output.size()).isEqualTo(1 << 20);
    assertThat(outcome)
        .isInstanceOfSatisfying(
            EffectOutcome.Ended.class,
            ended -> {
              assertThat(ended.exit().reason()).isEqualTo(EffectExit.Reason.KILLED);
              assertThat(ended.exit().keptBytes()).isEqualTo(1 << 20);
              assertThat(ended.exit().droppedBytes()).isPositive();
            });
  }

  @Test
  void aCommandThatHangsEndsAtItsDeadline() throws Exception {
    Slot slot = sandbox.claim(run);
    ToolCommand command = bash("trap '' TERM; sleep 1000 & wait; sleep 1000").withDeadlineMs(500);
    assertThat(reason(end(slot, "k", command, new Collected(0))))
        .isEqualTo(EffectExit.Reason.TIMED_OUT);
  }

  @Test
  void anInterruptedCommandEnds() throws Exception {
    Slot slot = sandbox.claim(run);
    Collected output = new Collected(0);
    Execution execution =
        sandbox.execute(
            run,
            EffectAttempt.first("k", slot),
            bash("trap '' TERM; echo on; while :; do sleep 1; done"),
            output);
    output.await(3);
    sandbox.interrupt(run, "k");
    assertThat(reason(execution.outcome().get(30, TimeUnit.SECONDS)))
        .isEqualTo(EffectExit.Reason.KILLED);
  }

  @Test
  void nobodyElseInTheContainerCanPlayTheExecutor() throws Exception {
    Slot slot = sandbox.claim(run);
    Collected output = new Collected(0);
    String attack =
        """
        import json, socket, struct
        for hello in ({"t":"hello","v":1,"boot":"0"*32,"effects":[]},
                      {"t":"hello","v":1,"boot":"0"*32,"secret":"0"*64,"effects":[]},
                      {"t":"exit","key":"k","code":0,"reason":"exited","len":0,"total":0,"dropped":0}):
            s = socket.socket(socket.AF_UNIX); s.connect("/run/helm/x.sock")
            b = json.dumps(hello).encode(); s.sendall(struct.pack(">I", len(b)) + b)
            print("closed" if s.recv(1) == b"" else "LET IN")
        try:
            open("/run/helm/y", "w"); print("WROTE")
        except OSError: print("read-only")
        """;
    end(slot, "k", ToolCommand.of("/usr/bin/python3", "-c", attack), output);
    assertThat(output.text()).isEqualTo("closed\nclosed\nclosed\nread-only\n");
    assertThat(sandbox.status(run).connected()).isTrue();
  }

  @Test
  void theContainerIsAsPlannedAndTheKernelAgrees() throws Exception {
    Slot slot = sandbox.claim(run);
    JsonNode inspect = machine.inspect(slot);
    ContainerPlan plan =
        new ContainerPlan(
            machine.settings.imageId(),
            machine.settings.installation(),
            slot.id(),
            machine.settings.ownerUid(),
            machine.workspaces.box(slot.id()),
            machine.workspaces.sockets(slot.id()),
            SandboxLimits.DEFAULT,
            true);
    assertThat(ContainerChecklist.check(inspect, plan)).isEmpty();
    int pid = inspect.at("/State/Pid").asInt();
    assertThat(ProcessChecklist.check(Path.of("/"), pid, plan)).isEmpty();
    int own = (int) ProcessHandle.current().pid();
    assertThat(ProcessChecklist.check(Path.of("/"), own, plan)).isNotEmpty();

    Collected output = new Collected(0);
    end(
        slot,
        "k",
        bash(
            "ls /sys/class/net; touch /x 2>&1; cat /proc/self/status | grep -E"
                + " 'Cap|NoNew|Seccomp:'; mount --bind /tmp /mnt 2>&1; ls /var/run/docker.sock"
                + " 2>&1; pwd -P"),
        output);
    assertThat(output.text())
        .startsWith("lo\n")
        .contains("Read-only file system")
        .contains("CapEff:\t0000000000000000")
        .contains("CapBnd:\t0000000000000000")
        .contains("NoNewPrivs:\t1")
        .contains("Seccomp:\t2")
        .contains("No such file")
        .endsWith("/slot/workspace\n");
  }

  @Test
  void aWorkspaceThatWasMovedAwayInsideIsNotLost() throws Exception {
    Slot slot = sandbox.claim(run);
    end(
        slot,
        "k",
        bash("echo kept > file; cd /; mv /slot/workspace /slot/else; ln -s /etc /slot/workspace"),
        new Collected(0));
    sandbox.release(run);
    Path home = machine.workspaces.home(run);
    assertThat(home.resolve("else/file")).hasContent("kept\n");
    assertThat(Files.isSymbolicLink(home.resolve("workspace"))).isTrue();
    assertThat(Files.isDirectory(home, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void aStartRemovesWhatHoldsNoRunAndKeepsWhatDoes() throws Exception {
    Slot slot = sandbox.claim(run);
    String other = TestEngine.newRun();
    Slot forgotten = sandbox.claim(other);
    end(slot, "k", bash("echo kept > file"), new Collected(0));
    sandbox.close();
    store.delete(forgotten.id());
    Path unknown = machine.home.resolve("slots/0badc0de/box");
    Files.createDirectories(unknown);
    Files.writeString(unknown.resolve("data"), "found");

    sandbox = machine.sandbox(store);
    assertThat(sandbox.claim(run)).isEqualTo(slot);
    assertThat(machine.engine.list(machine.settings.installation()))
        .containsOnlyKeys(TestEngine.containerOf(slot));
    assertThat(machine.home.resolve("slots").toFile().list()).containsExactly(slot.id());
    assertThat(machine.home.resolve("workspaces/found-0badc0de/data")).hasContent("found");
    assertThat(machine.home.resolve("workspaces/found-" + forgotten.id())).isDirectory();
  }

  @Test
  void theNextStartFindsAContainerThatDiedMeanwhile() throws Exception {
    Slot slot = sandbox.claim(run);
    end(slot, "k", bash("echo kept > file"), new Collected(0));
    sandbox.close();
    machine.engine.client().killContainerCmd(TestEngine.containerOf(slot)).exec();

    sandbox = machine.sandbox(store);
    assertThat(
            sandbox
                .execute(
                    run, EffectAttempt.again("k2", slot.life(), 0), bash("true"), (at, data) -> {})
                .outcome()
                .get(30, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            EffectOutcome.Lost.class, lost -> assertThat(lost.mayHaveRun()).isTrue());
    assertThat(machine.workspaces.home(run).resolve("file")).hasContent("kept\n");
  }

  @Test
  void aPoolGivesEachSlotOnceAndFillsUp() throws Exception {
    sandbox.close();
    sandbox =
        DockerSandbox.start(
            machine.settings.withPool(1), store, machine.workspaces, List.of(), WaitingRuns.NONE);
    assertThat(sandbox.awaitPool(60_000)).isTrue();
    Slot first = sandbox.claim(run);
    assertThat(sandbox.awaitPool(60_000)).isTrue();
    Slot second = sandbox.claim(TestEngine.newRun());
    assertThat(second.life()).isNotEqualTo(first.life());
    waitUntil(() -> sandbox.waiting() == 1);
  }

  @Test
  void otherLimitsMakeAContainerOfTheirOwn() throws Exception {
    Slot slot = sandbox.claim(run, new SandboxLimits(128L << 20, 500, 64));
    JsonNode inspect = machine.inspect(slot);
    assertThat(inspect.at("/HostConfig/Memory").asLong()).isEqualTo(128L << 20);
    assertThat(inspect.at("/HostConfig/PidsLimit").asInt()).isEqualTo(64);
  }

  @Test
  void anUnknownImageIsRefusedInPlainWords() throws Exception {
    SandboxSettings settings = machine.settings;
    sandbox.close();
    sandbox =
        DockerSandbox.start(
            new SandboxSettings(
                settings.home(),
                settings.installation(),
                settings.engine(),
                "sha256:" + "0".repeat(64),
                settings.ownerUid(),
                0,
                4,
                List.of()),
            store,
            machine.workspaces,
            List.of(),
            WaitingRuns.NONE);
    assertThatThrownBy(() -> sandbox.claim(run))
        .isInstanceOf(SandboxRefused.class)
        .hasMessageContaining("helm up");
    assertThat(machine.engine.list(settings.installation())).isEmpty();
  }

  private EffectOutcome end(Slot slot, String key, ToolCommand command, EffectSink sink)
      throws Exception {
    Execution execution = sandbox.execute(run, EffectAttempt.first(key, slot), command, sink);
    EffectOutcome outcome = execution.outcome().get(60, TimeUnit.SECONDS);
    execution.acknowledge();
    return outcome;
  }

  private static ToolCommand bash(String script) {
    return ToolCommand.of("/bin/bash", "-c", script);
  }

  private static EffectExit.Reason reason(EffectOutcome outcome) {
    return switch (outcome) {
      case EffectOutcome.Ended ended -> ended.exit().reason();
      case EffectOutcome.Lost lost -> throw new AssertionError(lost);
    };
  }

  private static void waitUntil(BooleanSupplier condition) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(due);
      Thread.onSpinWait();
    }
  }
}
