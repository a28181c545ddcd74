package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.files.Epochs;
import dev.helm.service.rest.RunControl.WorkflowsDown;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.Moment;
import dev.helm.workflows.Fact;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rollbacks that do not succeed, and calls whose end nobody saw. */
class RollbackFailuresTest {
  @TempDir private static Path temporalHome;
  private static TemporalServer temporal;
  @TempDir private Path home;

  @BeforeAll
  static void up() throws Exception {
    temporal = TemporalServer.start(temporalHome);
  }

  @AfterAll
  static void down() throws Exception {
    if (temporal != null) {
      temporal.close();
    }
  }

  private static List<String> writesThenAsks(int turn) {
    return switch (turn) {
      case 1 -> List.of("echo one > a");
      case 2 -> List.of("ask me");
      default -> List.of();
    };
  }

  private static String waiting(EpochsRig rig) {
    String run = rig.start();
    rig.await(() -> rig.events(run, "permission.requested").size() == 1, run);
    return run;
  }

  private static FileStore.Snapshot start(EpochsRig rig, String run) {
    return Objects.requireNonNull(rig.store.files().start(run));
  }

  @Test
  void whatFailedDoesNotComeAfterAll() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackFailuresTest::writesThenAsks)) {
      String run = waiting(rig);
      FileStore.Snapshot start = start(rig, run);
      Epochs dying =
          rig.epochs(
              step -> {
                if (step.equals("build")) {
                  throw new IllegalStateException("no room");
                }
              },
              started -> {
                throw new Killed();
              });
      assertThatThrownBy(() -> dying.rollback(run, start, start.seq(), "ada"))
          .isInstanceOf(Killed.class);
      assertThat(rig.store.epochs().open()).hasSize(1);
      Path a = rig.sandbox.workspace(run).resolve("a");
      Files.writeString(a, "by hand");
      rig.epochs(step -> {}).recover();
      assertThat(rig.store.epochs().open()).isEmpty();
      assertThat(Files.readString(a)).isEqualTo("by hand");
      assertThat(rig.status(run)).isEqualTo(RunStatus.PAUSED);
      rig.control.cancel(run, "ada", "c");
      rig.await(run, RunStatus.CANCELLED);
    }
  }

  @Test
  void onceToldToLeaveTheRunIsTakenFurther() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackFailuresTest::writesThenAsks)) {
      String run = waiting(rig);
      FileStore.Snapshot start = start(rig, run);
      rig.away.add("DescribeWorkflowExecution");
      assertThatThrownBy(() -> rig.epochs.rollback(run, start, start.seq(), "ada"))
          .isInstanceOf(WorkflowsDown.class);
      assertThat(rig.store.epochs().open()).isEmpty();
      rig.away.clear();

      rig.away.add("GetWorkflowExecutionHistory");
      assertThatThrownBy(() -> rig.epochs.rollback(run, start, start.seq(), "ada"))
          .isInstanceOfSatisfying(
              EpochFailure.class, e -> assertThat(e.kind()).isEqualTo(EpochFailure.Kind.LATER));
      assertThat(rig.store.epochs().open()).hasSize(1);
      rig.away.add("DescribeWorkflowExecution");
      rig.epochs.recover();
      assertThat(rig.store.epochs().open()).hasSize(1);
      rig.away.clear();
      rig.epochs.recover();
      assertThat(rig.store.epochs().open()).isEmpty();
      assertThat(rig.status(run)).isEqualTo(RunStatus.PAUSED);
      assertThat(rig.sandbox.workspace(run).resolve("a")).doesNotExist();
      rig.control.resume(run, "ada", "r");
      rig.await(() -> rig.events(run, "permission.requested").size() == 2, run);
      assertThat(rig.events(run, "run.finished")).isEmpty();
      rig.control.cancel(run, "ada", "c");
      rig.await(run, RunStatus.CANCELLED);
    }
  }

  @Test
  void aRunAtWorkIsNotRestarted() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackFailuresTest::writesThenAsks)) {
      String run = waiting(rig);
      assertThatThrownBy(() -> rig.epochs.restart(run, "ada"))
          .isInstanceOf(EpochFailure.class)
          .hasMessageContaining("goes on already");
      assertThat(rig.store.epochs().open()).isEmpty();
      rig.control.cancel(run, "ada", "c");
      rig.await(run, RunStatus.CANCELLED);
    }
  }

  @Test
  void whatMayHaveHappenedIsNotRepeated() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackFailuresTest::writesThenAsks)) {
      String run = waiting(rig);
      String call =
          String.valueOf(
              rig.events(run, "permission.requested").getFirst().data().get("toolUseId"));
      assertThat(moment(rig, run).calls()).hasSize(1);
      log(rig, run, call, "begins", started(call, 1));
      assertThat(moment(rig, run).calls()).hasSize(1);
      log(
          rig,
          run,
          call,
          "unknown-1",
          new RunEvent.ToolUnknown(call, "Bash", "lost", "u-" + run, "2100-01-01T00:00:00.000Z"));
      assertThat(moment(rig, run).calls()).isEmpty();
      byte[] told = rig.store.blobs().get(moment(rig, run).results().getLast().sha256());
      assertThat(new String(Objects.requireNonNull(told), StandardCharsets.UTF_8))
          .contains("unknown whether this call had its effect");
      // A person said "again", and that attempt is cut off by the end of the run.
      log(rig, run, call, "begins-2", started(call, 2));
      assertThat(moment(rig, run).calls()).hasSize(1);
      rig.store
          .log()
          .append(
              run,
              List.of(
                  new Fact(
                      "e1/main/lost", "main", new RunEvent.RunFinished("failed", "lost", null))));
      assertThat(moment(rig, run).calls()).isEmpty();
    }
  }

  @Test
  void aCallWhoseFilesWereTakenBackIsOpenAgain() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackFailuresTest::writesThenAsks)) {
      String run = waiting(rig);
      long end = rig.events(run, "tool.finished").getFirst().seq();
      assertThat(rig.events(run, "snapshot.taken").getLast().seq()).isGreaterThan(end);
      rig.epochs.rollback(run, start(rig, run), end, "ada");
      assertThat(moment(rig, run).calls()).hasSize(1);
      assertThat(moment(rig, run).results()).isEmpty();
      rig.control.cancel(run, "ada", "c");
      rig.await(run, RunStatus.CANCELLED);
    }
  }

  private static RunEvent started(String call, int attempt) {
    return new RunEvent.ToolStarted(
        call, "Bash", "0".repeat(64), new RunEvent.GatePass("person", null, null), attempt);
  }

  private static void log(EpochsRig rig, String run, String call, String name, RunEvent event) {
    rig.store.log().append(run, List.of(new Fact("e1/main/" + call + "/" + name, "main", event)));
  }

  private static Moment moment(EpochsRig rig, String run) {
    return rig.store.moments().at(run, rig.store.files().lastSeq(run));
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }
}
