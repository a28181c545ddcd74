package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.files.Epochs;
import dev.helm.service.store.Access;
import dev.helm.service.store.EpochStore;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.RunQueries;
import dev.helm.workflows.Signals;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rollback, restart and fork of runs with real workflows. */
class RollbackTest {
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

  private static List<String> three(int turn) {
    return switch (turn) {
      case 1 -> List.of("echo one > a; mkdir empty; ln -s a link");
      case 2 -> List.of("echo two > a; rm link; chmod 711 a; mkdir d; echo x > 'd/f g'");
      case 3 -> List.of("rm -r d empty; echo three >> a");
      default -> List.of();
    };
  }

  private static TreeMap<String, String> tree(Path root) throws Exception {
    TreeMap<String, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        String mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS).toString();
        String what =
            Files.isSymbolicLink(path)
                ? "-> " + Files.readSymbolicLink(path)
                : Files.isDirectory(path) ? "/" : Files.readString(path);
        found.put(root.relativize(path).toString(), mode + " " + what);
      }
    }
    found.remove("");
    return found;
  }

  private static FileStore.Snapshot nth(EpochsRig rig, String run, int n) {
    return rig.store.files().list(run, 0, 100).get(n);
  }

  @Test
  void aFinishedRunGoesBackAndForthAndOn() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackTest::three)) {
      String run = rig.start();
      rig.await(run, RunStatus.SUCCEEDED);
      Path workspace = rig.sandbox.workspace(run);
      TreeMap<String, String> end = tree(workspace);
      assertThat(end).containsOnlyKeys("a");
      assertThat(rig.store.files().list(run, 0, 100))
          .extracting(FileStore.Snapshot::kind)
          .containsExactly("start", "taken", "taken", "taken");
      assertThat(rig.events(run, "file.changed"))
          .extracting(e -> e.data().get("path"))
          .contains("a", "link", "d/f g");

      FileStore.Snapshot first = nth(rig, run, 1);
      Epochs.Done back = rig.epochs.rollback(run, first, first.seq(), "ada");
      assertThat(tree(workspace)).containsOnlyKeys("a", "empty", "link");
      assertThat(Files.readString(workspace.resolve("a"))).isEqualTo("one\n");
      assertThat(rig.status(run)).isEqualTo(RunStatus.PAUSED);
      assertThat(back.epoch()).isEqualTo(2);

      FileStore.Snapshot undo =
          Objects.requireNonNull(rig.store.files().named(run, back.undoSnapshotId()));
      rig.epochs.rollback(run, undo, undo.seq(), "ada");
      assertThat(tree(workspace)).isEqualTo(end);

      rig.epochs.rollback(run, first, first.seq(), "ada");
      int before = rig.model.asked.size();
      rig.control.resume(run, "ada", "r1");
      rig.await(run, RunStatus.SUCCEEDED);
      assertThat(tree(workspace)).isEqualTo(end);
      assertThat(rig.model.asked.get(before).turn()).isEqualTo(2);
      assertThat(rig.model.asked.get(before).results()).isEqualTo(rig.model.asked.get(1).results());
      assertThat(rig.model.asked.get(before).head()).isEqualTo(rig.model.asked.get(1).head());
      assertThat(rig.store.epochs().open()).isEmpty();
    }
  }

  @Test
  void whatRunsIsInterruptedAndAskedAgain() throws Exception {
    try (EpochsRig rig =
        new EpochsRig(
            home,
            temporal,
            turn ->
                switch (turn) {
                  case 1 -> List.of("echo one > a");
                  case 2 -> List.of("echo two > b", "ask me", "echo part > c; sleep 1000");
                  default -> List.of();
                })) {
      String run = rig.start();
      rig.await(() -> rig.events(run, "tool.started").size() == 3, run);
      rig.await(() -> rig.events(run, "permission.requested").size() == 1, run);
      rig.await(() -> Files.exists(rig.sandbox.workspace(run).resolve("c")), run);
      String permission =
          String.valueOf(
              rig.events(run, "permission.requested").getFirst().data().get("permissionId"));
      FileStore.Snapshot second = nth(rig, run, 2);
      long seq = rig.events(run, "permission.requested").getFirst().seq();
      long to = Math.max(seq, second.seq());
      rig.epochs.rollback(run, second, to, "ada");
      assertThat(rig.status(run)).isEqualTo(RunStatus.PAUSED);
      assertThat(rig.events(run, "run.finished")).isEmpty();
      assertThat(rig.events(run, "tool.started"))
          .allSatisfy(
              started ->
                  assertThat(rig.events(run, "tool.finished"))
                      .anyMatch(
                          e ->
                              Objects.equals(
                                  e.data().get("toolUseId"), started.data().get("toolUseId"))));
      assertThat(
              Objects.requireNonNull(rig.store.inbox().permission(Access.system(), permission))
                  .state())
          .isEqualTo("expired");
      // What was interrupted had written, and that can be undone too.
      assertThat(rig.events(run, "snapshot.taken"))
          .extracting(e -> e.data().get("toolUseId"))
          .contains("toolu_1_2_2");
      // Nothing starts before a person says so; then the open ones pass the gate again.
      int started = rig.events(run, "tool.started").size();
      rig.control.resume(run, "ada", "r1");
      rig.await(() -> rig.events(run, "permission.requested").size() == 2, run);
      rig.await(() -> rig.events(run, "tool.started").size() == started + 1, run);
      assertThat(rig.events(run, "tool.started").getLast().data().get("toolUseId"))
          .isEqualTo("toolu_1_2_2");
      assertThat(Files.readString(rig.sandbox.workspace(run).resolve("b"))).isEqualTo("two\n");
      rig.control.cancel(run, "ada", "c1");
      rig.await(run, RunStatus.CANCELLED);

      rig.epochs.restart(run, "ada");
      rig.await(() -> rig.events(run, "permission.requested").size() == 3, run);
      LoggedEvent again = rig.events(run, "permission.requested").getLast();
      rig.control.decide(
          run,
          new Signals.Decide(
              "d1",
              String.valueOf(again.data().get("permissionId")),
              false,
              String.valueOf(again.data().get("argumentsHash")),
              "no",
              "ada",
              null));
      rig.await(run, RunStatus.SUCCEEDED);
      assertThat(rig.model.asked.getLast().results()).hasSize(3);
      assertThat(rig.model.asked.getLast().turn()).isEqualTo(3);
    }
  }

  @Test
  void killedAnywhereItIsFinishedByTheNextLife() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackTest::three)) {
      for (int killAt = 0; killAt < 12; killAt++) {
        String run = rig.start();
        rig.await(run, RunStatus.SUCCEEDED);
        Path workspace = rig.sandbox.workspace(run);
        TreeMap<String, String> old = tree(workspace);
        FileStore.Snapshot first = nth(rig, run, 1);
        int[] left = {killAt};
        Epochs dying =
            rig.epochs(
                step -> {
                  if (left[0]-- == 0) {
                    throw new Killed(step);
                  }
                });
        assertThatThrownBy(() -> dying.rollback(run, first, first.seq(), "ada"))
            .isInstanceOf(Killed.class);
        boolean decided = rig.events(run, "run.rolledback").size() == 1;
        assertThat(rig.store.epochs().settled(run)).isEqualTo(decided ? -1 : 1);
        if (!decided) {
          assertThat(tree(workspace)).isEqualTo(old);
        }
        assertThatThrownBy(() -> rig.control.pause(run, "ada", "p"))
            .isInstanceOf(EpochFailure.class);
        rig.epochs(step -> {}).recover();
        assertThat(tree(workspace)).containsOnlyKeys("a", "empty", "link");
        assertThat(rig.status(run)).isEqualTo(RunStatus.PAUSED);
        assertThat(rig.events(run, "run.rolledback")).hasSize(1);
        assertThat(rig.store.epochs().open()).isEmpty();
        rig.control.resume(run, "ada", "r");
        rig.await(run, RunStatus.SUCCEEDED);
        assertThat(tree(workspace)).isEqualTo(old);
      }
    }
  }

  @Test
  void ofTwoRollbacksOneWins() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackTest::three);
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      String run = rig.start();
      rig.await(run, RunStatus.SUCCEEDED);
      for (int round = 0; round < 5; round++) {
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          FileStore.Snapshot to = nth(rig, run, 1 + i % 3);
          calls.add(
              () -> {
                try {
                  rig.epochs.rollback(run, to, to.seq(), "ada");
                  return true;
                } catch (EpochFailure e) {
                  assertThat(e.kind()).isEqualTo(EpochFailure.Kind.BUSY);
                  return false;
                }
              });
        }
        int won = 0;
        for (Future<Boolean> done : pool.invokeAll(calls)) {
          won += done.get() ? 1 : 0;
        }
        assertThat(won).isPositive();
      }
      List<LoggedEvent> all = rig.events(run, "run.rolledback");
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).data().get("epoch")).isEqualTo(i + 2);
      }
    }
  }

  @Test
  void aForkBeginsWithWhatTheRunWas() throws Exception {
    try (EpochsRig rig = new EpochsRig(home, temporal, RollbackTest::three)) {
      String run = rig.start();
      rig.await(run, RunStatus.SUCCEEDED);
      FileStore.Snapshot second = nth(rig, run, 2);
      RunQueries.NewRun wanted = rig.wanted();
      int before = rig.model.asked.size();
      rig.epochs.fork(
          wanted,
          new EpochStore.Fork(
              run,
              second.seq(),
              second,
              rig.store.moments().at(run, second.seq()),
              "Mind the gap.",
              "ada"));
      String child = wanted.run();
      rig.await(child, RunStatus.SUCCEEDED);
      assertThat(tree(rig.sandbox.workspace(child))).isEqualTo(tree(rig.sandbox.workspace(run)));
      assertThat(rig.model.asked.get(before).turn()).isEqualTo(3);
      assertThat(rig.model.asked.get(before).head()).isEqualTo(rig.model.asked.get(2).head());
      assertThat(rig.events(child, "message.read")).hasSize(1);
      assertThat(rig.events(child, "run.started")).hasSize(1);
      LoggedEvent created = rig.events(child, "run.created").getFirst();
      assertThat(created.data()).containsEntry("parent", run);
      assertThat(created.data().get("parentSeq")).isEqualTo((int) second.seq());
      LoggedEvent forked = rig.events(run, "run.forked").getFirst();
      assertThat(forked.data()).containsEntry("child", child);
      assertThat(Objects.requireNonNull(rig.store.files().start(child)).tree())
          .isEqualTo(second.tree());

      // A fork can go back to its own beginning, and be forked there again.
      FileStore.Snapshot start = Objects.requireNonNull(rig.store.files().start(child));
      rig.epochs.rollback(child, start, start.seq(), "ada");
      assertThat(tree(rig.sandbox.workspace(child))).containsKey("d/f g");
      rig.control.resume(child, "ada", "r");
      rig.await(child, RunStatus.SUCCEEDED);
      assertThat(rig.model.asked.getLast().turn()).isEqualTo(4);
    }
  }

  @Test
  void aForkKnowsWhichOfItsCallsHadBegun() throws Exception {
    try (EpochsRig rig =
        new EpochsRig(
            home,
            temporal,
            turn ->
                switch (turn) {
                  case 1 -> List.of("echo one > a");
                  case 2 -> List.of("echo part > c; sleep 1000");
                  default -> List.of();
                })) {
      String run = rig.start();
      rig.await(() -> rig.events(run, "tool.started").size() == 2, run);
      LoggedEvent begun = rig.events(run, "tool.started").getLast();
      FileStore.Snapshot first = nth(rig, run, 1);
      RunQueries.NewRun wanted = rig.wanted();
      rig.epochs.fork(
          wanted,
          new EpochStore.Fork(
              run, begun.seq(), first, rig.store.moments().at(run, begun.seq()), null, "ada"));
      String key = "e0/main/" + begun.data().get("toolUseId") + "/started-1";
      assertThat(rig.store.log().outcome(wanted.run(), key)).isNotNull();
      assertThat(rig.store.log().outcome(run, key)).isNull();
      rig.control.cancel(run, "ada", "c1");
      rig.await(run, RunStatus.CANCELLED);
      rig.control.cancel(wanted.run(), "ada", "c2");
      rig.await(wanted.run(), RunStatus.CANCELLED);
    }
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;

    Killed(String step) {
      super(step);
    }
  }
}
