package dev.helm.activities.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workspaces that are taken back: killed at each step, with odd things in the way, without room.
 */
class WorkspaceRestoreTest {
  private static final String RUN = "ab".repeat(16);

  @TempDir private Path home;
  private Path tree;
  private Snapshots snapshots;
  private WorkspaceRestore restore;

  @BeforeEach
  void open() {
    HomeSandbox sandbox = new HomeSandbox(home);
    tree = sandbox.workspace(RUN);
    snapshots = fresh(sandbox);
    restore = new WorkspaceRestore(snapshots, -1, step -> {});
  }

  /** What a rollback replaced is deleted beside it. */
  @AfterEach
  void nothingIsBeingDeleted() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() - end < 0 && !trash().isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private List<Path> trash() throws IOException {
    try (Stream<Path> beside = Files.list(home.resolve("workspaces"))) {
      return beside.filter(path -> path.getFileName().toString().startsWith(".trash-")).toList();
    }
  }

  private Snapshots fresh(HomeSandbox sandbox) {
    return new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, Clock.systemUTC());
  }

  private String take() throws IOException {
    return snapshots.take(RUN).tree();
  }

  private void back(String to) throws IOException {
    restore.apply(restore.prepare(RUN, tree, to));
  }

  @Test
  void aKillAtAnyStepLeavesTheOldOrTheNewTree() throws IOException {
    killsAtEachStep(1);
  }

  @Test
  @Tag("campaign")
  void aKillAtAnyStepOfTwentyTrees() throws IOException {
    killsAtEachStep(20);
  }

  private void killsAtEachStep(int rounds) throws IOException {
    for (int round = 0; round < rounds; round++) {
      long seed = new Random().nextLong();
      RandomTree changes = new RandomTree(new Random(seed), tree);
      changes.grow(80);
      // A small random tree has few steps to be killed at; these give it some.
      for (int i = 0; i < 12; i++) {
        Files.writeString(tree.resolve("gone-" + i), "old " + i);
      }
      Map<String, String> old = RandomTree.of(tree);
      String oldTree = take();
      changes.grow(60);
      for (int i = 0; i < 12; i++) {
        Files.deleteIfExists(tree.resolve("gone-" + i));
      }
      Map<String, String> now = RandomTree.of(tree);
      String nowTree = take();
      int killAt = 0;
      while (killed(killAt, oldTree, now, "seed " + seed + ", killed at " + killAt)) {
        // The next life finishes it, also where the log had not decided yet; it may be killed too.
        killed(killAt / 2, oldTree);
        new WorkspaceRestore(fresh(new HomeSandbox(home)), -1, step -> {})
            .finish(RUN, tree, oldTree);
        assertThat(RandomTree.of(tree)).as("seed %d, killed at %d", seed, killAt).isEqualTo(old);
        assertThat(take()).isEqualTo(oldTree);
        assertThat(WorkspaceRestore.beside(tree)).doesNotExist();
        back(nowTree);
        assertThat(RandomTree.of(tree)).as("seed %d, killed at %d", seed, killAt).isEqualTo(now);
        killAt++;
      }
      assertThat(killAt).as("seed %d", seed).isGreaterThan(20);
      assertThat(RandomTree.of(tree)).as("seed %d", seed).isEqualTo(old);
    }
  }

  /** Whether it was; before anything is decided the tree is the old one. */
  private boolean killed(int killAt, String to, Map<String, String> now, String what)
      throws IOException {
    int[] left = {killAt};
    WorkspaceRestore dying = dying(left);
    WorkspaceRestore.Prepared ready;
    try {
      ready = dying.prepare(RUN, tree, to);
    } catch (Killed e) {
      assertThat(RandomTree.of(tree)).as(what).isEqualTo(now);
      return true;
    }
    assertThat(RandomTree.of(tree)).as(what).isEqualTo(now);
    try {
      dying.apply(ready);
    } catch (Killed e) {
      return true;
    }
    return false;
  }

  private void killed(int killAt, String to) throws IOException {
    try {
      dying(new int[] {killAt}).finish(RUN, tree, to);
    } catch (Killed e) {
      // As it was to be.
    }
  }

  private WorkspaceRestore dying(int[] left) {
    return new WorkspaceRestore(
        fresh(new HomeSandbox(home)),
        -1,
        step -> {
          if (left[0]-- == 0) {
            throw new Killed();
          }
        });
  }

  @Test
  void aFileWithManyNamesIsReplacedAndNeverWritten() throws IOException {
    Path outside = Files.writeString(home.resolve("elsewhere"), "shared");
    Files.writeString(tree.resolve("a"), "old");
    String kept = take();
    Files.delete(tree.resolve("a"));
    Files.createLink(tree.resolve("a"), outside);
    Files.createLink(tree.resolve("b"), outside);
    Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwx------"));
    String linked = take();
    back(kept);
    assertThat(tree.resolve("a")).hasContent("old");
    assertThat(tree.resolve("b")).doesNotExist();
    assertThat(outside).hasContent("shared");
    back(linked);
    assertThat(tree.resolve("b")).hasContent("shared");
    assertThat(Files.getAttribute(outside, "unix:nlink")).isEqualTo(1);
  }

  @Test
  void eachKindTurnsIntoEachOther() throws IOException {
    List<String> kinds = List.of("file", "directory", "link", "locked", "none");
    Map<String, String> trees = new LinkedHashMap<>();
    Map<String, Map<String, String>> what = new LinkedHashMap<>();
    for (String kind : kinds) {
      make(kind);
      trees.put(kind, take());
      what.put(kind, RandomTree.of(tree));
    }
    for (String from : kinds) {
      for (Map.Entry<String, String> to : trees.entrySet()) {
        back(Objects.requireNonNull(trees.get(from)));
        back(to.getValue());
        assertThat(RandomTree.of(tree))
            .as("%s to %s", from, to.getKey())
            .isEqualTo(what.get(to.getKey()));
        assertThat(take()).isEqualTo(to.getValue());
      }
    }
    back(Objects.requireNonNull(trees.get("none")));
  }

  private void make(String kind) throws IOException {
    Path x = tree.resolve("x");
    if (Files.exists(x, LinkOption.NOFOLLOW_LINKS)) {
      if (Files.isDirectory(x, LinkOption.NOFOLLOW_LINKS)) {
        Files.setPosixFilePermissions(x, PosixFilePermissions.fromString("rwx------"));
      }
      dev.helm.activities.sandbox.Workspaces.discard(x);
    }
    switch (kind) {
      case "file" -> Files.writeString(x, "x");
      case "directory" ->
          Files.writeString(Files.createDirectories(x.resolve("y/z")).resolve("f"), "y");
      case "link" -> Files.createSymbolicLink(x, Path.of("/etc"));
      case "locked" -> {
        Files.writeString(Files.createDirectory(x).resolve("f"), "locked");
        Files.setPosixFilePermissions(x, PosixFilePermissions.fromString("r-xr-xr-x"));
      }
      default -> assertThat(x).doesNotExist();
    }
  }

  @Test
  void whatNoSnapshotHoldsStaysOrIsNamed() throws Exception {
    Files.createDirectory(tree.resolve("stays"));
    Files.writeString(tree.resolve("stays/a"), "old");
    String kept = take();
    Files.writeString(tree.resolve("stays/a"), "new");
    Files.createDirectory(tree.resolve("goes"));
    Files.writeString(tree.resolve("goes/b"), "new");
    fifo(tree.resolve("stays/pipe"));
    fifo(tree.resolve("goes/pipe"));
    WorkspaceRestore.Prepared ready = restore.prepare(RUN, tree, kept);
    assertThat(ready.unsaved())
        .extracting(Unsaved::path, Unsaved::fate)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple("stays/pipe", Unsaved.Fate.KEPT),
            org.assertj.core.groups.Tuple.tuple("goes/pipe", Unsaved.Fate.REMOVED));
    restore.apply(ready);
    assertThat(tree.resolve("goes")).doesNotExist();
    assertThat(Files.exists(tree.resolve("stays/pipe"))).isTrue();
    assertThat(tree.resolve("stays/a")).hasContent("old");
    assertThat(take()).isEqualTo(kept);
  }

  /** Attack: an agent makes so many FIFOs that each rollback is refused. */
  @Test
  void noNumberOfFifosRefusesARollback() throws Exception {
    snapshots =
        new Snapshots(
            home, new HomeSandbox(home), new WorkspaceLimits(1 << 20, 1_050, 9), Clock.systemUTC());
    restore = new WorkspaceRestore(snapshots, -1, step -> {});
    Files.writeString(tree.resolve("a"), "old");
    String kept = take();
    Path goes = Files.createDirectory(tree.resolve("goes"));
    assertThat(
            new ProcessBuilder("sh", "-c", "seq 1100 | xargs mkfifo")
                .directory(goes.toFile())
                .start()
                .waitFor())
        .isZero();
    WorkspaceRestore.Prepared ready = restore.prepare(RUN, tree, kept);
    assertThat(ready.unsaved()).hasSize(1_001).allMatch(u -> u.fate() == Unsaved.Fate.REMOVED);
    assertThat(ready.unsaved().getLast().path()).isEqualTo("(100 more)");
    restore.apply(ready);
    assertThat(goes).doesNotExist();
  }

  @Test
  void aRollbackThatWouldLoseAFileIsRefused() throws Exception {
    snapshots =
        new Snapshots(
            home, new HomeSandbox(home), new WorkspaceLimits(1000, 100, 9), Clock.systemUTC());
    restore = new WorkspaceRestore(snapshots, -1, step -> {});
    Files.writeString(tree.resolve("a"), "old");
    String kept = take();
    Files.writeString(tree.resolve("a"), "new");
    Path large = Files.createDirectory(tree.resolve("d")).resolve("large");
    Files.write(large, new byte[1001]);
    assertThatThrownBy(() -> restore.prepare(RUN, tree, kept))
        .isInstanceOf(UnsavedException.class)
        .hasMessageContaining("d/large (it is larger than a workspace may be)")
        .hasMessageContaining("fork the run");
    assertThat(tree.resolve("a")).hasContent("new");
    assertThat(WorkspaceRestore.beside(tree)).doesNotExist();
    // One that may stay is no reason.
    Files.move(large, tree.resolve("large"));
    back(kept);
    assertThat(tree.resolve("a")).hasContent("old");
    assertThat(tree.resolve("large")).hasSize(1001);
    assertThat(tree.resolve("d")).doesNotExist();
    assertThat(take()).isEqualTo(kept);
    // Nor is one that came after the log had decided.
    Files.write(Files.createDirectory(tree.resolve("d")).resolve("large"), new byte[1001]);
    restore.finish(RUN, tree, kept);
    assertThat(tree.resolve("d")).doesNotExist();
  }

  @Test
  void aFullDiskLeavesTheOldTree() throws Exception {
    Path small = Files.createDirectory(home.resolve("small"));
    assumeTrue(
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=24m", "none", small.toString())
                .inheritIO()
                .start()
                .waitFor()
            == 0,
        "mounting needs root");
    try {
      Path there = Files.createDirectories(small.resolve("workspaces").resolve(RUN));
      RandomTree changes = new RandomTree(new Random(5), there);
      changes.grow(50);
      Files.write(there.resolve("big"), new byte[12 << 20]);
      String kept = snapshots.keep(RUN, there).root().id().name();
      Files.delete(there.resolve("big"));
      changes.grow(50);
      Map<String, String> now = RandomTree.of(there);
      Path filler = Files.write(small.resolve("filler"), new byte[14 << 20]);
      assertThatThrownBy(() -> restore.prepare(RUN, there, kept))
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> assertThat(e.reason()).isEqualTo(WorkspaceException.Reason.FULL));
      assertThat(RandomTree.of(there)).isEqualTo(now);
      assertThat(WorkspaceRestore.beside(there)).doesNotExist();
      Files.delete(filler);
      restore.apply(restore.prepare(RUN, there, kept));
      assertThat(snapshots.keep(RUN, there).root().id().name()).isEqualTo(kept);
    } finally {
      assertThat(new ProcessBuilder("umount", "-l", small.toString()).start().waitFor()).isZero();
    }
  }

  private static void fifo(Path path) throws Exception {
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
  }

  @Test
  void linksAreNeverFollowedWhenTheTreeIsBuilt() throws IOException {
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.createDirectory(tree.resolve("d"));
    Files.writeString(tree.resolve("d/f"), "one");
    String kept = take();
    Files.delete(tree.resolve("d/f"));
    Files.delete(tree.resolve("d"));
    Files.createSymbolicLink(tree.resolve("d"), outside);
    back(kept);
    assertThat(Files.isDirectory(tree.resolve("d"), LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(outside).isEmptyDirectory();
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }
}
