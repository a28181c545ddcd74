package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A service starts beside containers that did what they could to be in its way. Real engine. */
@Tag("engine")
@Timeout(120)
final class TakeoverTest {
  private TestEngine machine;
  private FileSlotStore store;
  private DockerSandbox sandbox;
  private final String run = TestEngine.newRun();
  private final String other = TestEngine.newRun();

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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mv /slot/workspace /slot/w; touch /slot/workspace",
        "mv /slot/workspace /slot/w; ln -s /etc /slot/workspace",
        "mv /slot/workspace /slot/w; mkfifo /slot/workspace",
        "mv /slot/workspace /slot/w"
      })
  void oneContainersMischiefIsItsOwnRunsLoss(String mischief) throws Exception {
    Slot odd = sandbox.claim(run);
    Slot good = sandbox.claim(other);
    bash(odd, "k", "echo kept > file; cd /; " + mischief);
    bash(good, "k", "echo mine > file");
    sandbox.close();

    sandbox = machine.sandbox(store);
    assertThat(sandbox.claim(other)).isEqualTo(good);
    assertThat(bash(good, "k2", "cat file")).isEqualTo("mine\n");
    assertThat(machine.engine.list(machine.settings.installation()))
        .containsOnlyKeys(TestEngine.containerOf(good));
    assertThat(machine.workspaces.home(run).resolve("w/file")).hasContent("kept\n");
    Slot next = sandbox.claim(run);
    assertThat(next.id()).isNotEqualTo(odd.id());
    assertThat(bash(next, "k3", "cat w/file")).isEqualTo("kept\n");
  }

  @Test
  void whatCannotBeTakenHomeWaitsForAPersonAndHoldsUpNobodyElse() throws Exception {
    Slot stuck = sandbox.claim(run);
    Slot good = sandbox.claim(other);
    bash(stuck, "k", "echo kept > file");
    Path second = machine.workspaces.create(run);
    Files.writeString(second.resolve("other"), "x");
    sandbox.close();

    sandbox = machine.sandbox(store);
    assertThat(sandbox.claim(other)).isEqualTo(good);
    assertThatThrownBy(() -> sandbox.claim(run))
        .isInstanceOf(UncheckedIOException.class)
        .hasRootCauseMessage(
            "run "
                + run
                + " has two workspaces, at home and in slot "
                + stuck.id()
                + "; move one away");
    Files.delete(second.resolve("other"));
    assertThat(bash(sandbox.claim(run), "k2", "cat file")).isEqualTo("kept\n");
  }

  @Test
  void aTakeoverThatFailedInItsMiddleIsRepeatedAsAWhole() throws Exception {
    Slot slot = sandbox.claim(run);
    sandbox.close();
    AtomicInteger failures = new AtomicInteger(1);
    sandbox = machine.sandbox(new Forgetful(store, failures));
    assertThat(sandbox.claim(run)).isEqualTo(slot);
    assertThat(failures).hasNegativeValue();
    assertThat(bash(slot, "k", "echo on")).isEqualTo("on\n");
  }

  @Test
  void moreThanFitLeaveNoRoomBehind() throws Exception {
    String third = TestEngine.newRun();
    sandbox.claim(run);
    sandbox.claim(other);
    sandbox.claim(third);
    sandbox.close();
    SandboxSettings all = machine.settings;
    SandboxSettings few =
        new SandboxSettings(
            all.home(),
            all.installation(),
            all.engine(),
            all.imageId(),
            all.ownerUid(),
            0,
            1,
            List.of());
    sandbox = DockerSandbox.start(few, store, machine.workspaces, List.of(), WaitingRuns.NONE);
    for (String leaving : List.of(run, other)) {
      sandbox.release(leaving);
      assertThatThrownBy(() -> sandbox.claim(leaving))
          .isInstanceOfSatisfying(
              SandboxRefused.class, refused -> assertThat(refused.code()).isEqualTo("full"));
    }
    sandbox.release(third);
    assertThat(sandbox.claim(run).run()).isEqualTo(run);
  }

  @Test
  void whatWasPutBesideTheWorkspaceOutlivesTheSlot() throws Exception {
    Slot slot = sandbox.claim(run);
    bash(slot, "k", "echo kept > file; echo too > /slot/beside; ln -s /etc /slot/link");
    sandbox.release(run);
    Path found = machine.home.resolve("workspaces/found-" + slot.id());
    assertThat(machine.workspaces.home(run).resolve("file")).hasContent("kept\n");
    assertThat(found.resolve("beside")).hasContent("too\n");
    assertThat(Files.readAttributes(found.resolve("link"), "size", LinkOption.NOFOLLOW_LINKS))
        .isNotEmpty();
    assertThat(machine.home.resolve("slots").toFile().list()).isEmpty();
  }

  @Test
  void moreCpusThanTheMachineHasAreRefusedInPlainWords() throws Exception {
    int cpus = machine.engine.info().path("NCPU").asInt();
    assertThatThrownBy(() -> sandbox.claim(run, new SandboxLimits(128L << 20, cpus * 1000 + 1, 64)))
        .isInstanceOfSatisfying(
            SandboxRefused.class, refused -> assertThat(refused.code()).isEqualTo("cpus"))
        .hasMessageContaining("this machine has " + cpus + " CPUs");
    assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
    assertThat(sandbox.claim(run, new SandboxLimits(128L << 20, cpus * 1000, 64)).run())
        .isEqualTo(run);
  }

  private String bash(Slot slot, String key, String script) throws Exception {
    return TestEngine.bash(sandbox, slot, key, script, 30);
  }

  /** Cannot be read a number of times. */
  private record Forgetful(SlotStore store, AtomicInteger failures) implements SlotStore {
    @Override
    public void put(SlotRecord slotRecord) {
      store.put(slotRecord);
    }

    @Override
    public @Nullable SlotRecord get(String slot) {
      if (failures.getAndDecrement() > 0) {
        throw new IllegalStateException("the disk is away");
      }
      return store.get(slot);
    }

    @Override
    public List<SlotRecord> list() {
      return store.list();
    }

    @Override
    public void delete(String slot) {
      store.delete(slot);
    }
  }
}
