package dev.helm.activities.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots against random trees, shell-like changes, and somebody who writes meanwhile. */
class SnapshotsTest {
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
  void everyTreeComesBackByteForByte() throws IOException {
    everyTreeComesBack(4);
  }

  @Test
  @Tag("campaign")
  void threeHundredTreesComeBackByteForByte() throws IOException {
    everyTreeComesBack(300);
  }

  private void everyTreeComesBack(int rounds) throws IOException {
    for (int round = 0; round < rounds; round++) {
      long seed = new Random().nextLong();
      Random random = new Random(seed);
      RandomTree changes = new RandomTree(random, tree);
      Map<String, Map<String, String>> kept = new LinkedHashMap<>();
      for (int i = 0; i < 4; i++) {
        changes.grow(random.nextInt(60));
        if (random.nextInt(5) == 0) {
          snapshots = fresh(new HomeSandbox(home));
          restore = new WorkspaceRestore(snapshots, -1, step -> {});
        }
        Map<String, String> now = RandomTree.of(tree);
        kept.put(take(), now);
      }
      List<String> order = new ArrayList<>(kept.keySet());
      java.util.Collections.shuffle(order, random);
      for (String to : order) {
        back(to);
        assertThat(RandomTree.of(tree)).as("seed %d", seed).isEqualTo(kept.get(to));
        assertThat(take()).as("seed %d", seed).isEqualTo(to);
      }
    }
  }

  @Test
  void aLookLeavesNothing() throws IOException {
    Files.writeString(tree.resolve("a"), "kept");
    String kept = take();
    Files.writeString(tree.resolve("a"), "seen");
    for (int i = 0; i < 60; i++) {
      Files.writeString(tree.resolve("f" + i), "only seen " + i);
    }
    List<Path> before = stored();
    String seen;
    try (Snapshots.Look look = snapshots.look(RUN)) {
      seen = look.taken().tree();
      assertThat(
              TreeDiff.of(look.repository(), ObjectId.fromString(kept), ObjectId.fromString(seen))
                  .changes())
          .hasSize(61);
      assertThat(
              Patch.of(
                  look.repository(),
                  TreeDiff.of(
                      look.repository(), ObjectId.fromString(kept), ObjectId.fromString(seen))))
          .asString(StandardCharsets.UTF_8)
          .contains("-kept", "+seen", "+only seen 59");
    }
    assertThat(stored()).isEqualTo(before);
    assertThat(take()).isEqualTo(seen);
    back(kept);
    back(seen);
    assertThat(tree.resolve("f59")).hasContent("only seen 59");
  }

  private List<Path> stored() throws IOException {
    try (Stream<Path> all = Files.walk(home.resolve("snapshots"))) {
      return all.sorted().toList();
    }
  }

  @Test
  void aChangeWithinOneTickOfTheClockIsSeen() throws IOException {
    Path file = tree.resolve("a");
    String before = "";
    for (int i = 0; i < 60; i++) {
      Files.writeString(file, String.valueOf(1000 + i));
      String now = take();
      assertThat(now).as("write %d", i).isNotEqualTo(before);
      before = now;
    }
  }

  @Test
  void lockedFilesAndDirectoriesAreKeptAndStayLocked() throws IOException {
    Path locked = Files.createDirectory(tree.resolve("locked"));
    Path file = Files.writeString(locked.resolve("f"), "secret");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("---------"));
    String kept = take();
    assertThat(take()).isEqualTo(kept);
    assertThat(Files.getPosixFilePermissions(locked)).isEmpty();
    Files.writeString(tree.resolve("more"), "x");
    back(kept);
    assertThat(Files.getPosixFilePermissions(tree.resolve("locked"))).isEmpty();
    assertThat(tree.resolve("more")).doesNotExist();
    Files.setPosixFilePermissions(
        tree.resolve("locked"), PosixFilePermissions.fromString("rwx------"));
    assertThat(Files.getPosixFilePermissions(tree.resolve("locked/f"))).isEmpty();
  }

  @Test
  void whatIsNoFileIsSkippedAndNamed() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", tree.resolve("pipe").toString()).start().waitFor())
        .isZero();
    Files.writeString(tree.resolve("a"), "x");
    Snapshots.Taken taken = snapshots.take(RUN);
    assertThat(taken.skipped()).isEqualTo(1);
    assertThat(taken.named())
        .singleElement()
        .satisfies(
            skipped -> {
              assertThat(skipped.shown()).isEqualTo("pipe");
              assertThat(skipped.special()).isTrue();
            });
    assertThat(taken.files()).isEqualTo(1);
  }

  @Test
  void moreThanAWorkspaceMayHoldIsSkipped() throws IOException {
    Snapshots small =
        new Snapshots(
            home, new HomeSandbox(home), new WorkspaceLimits(1000, 5, 3), Clock.systemUTC());
    Files.write(tree.resolve("large"), new byte[1001]);
    Files.createDirectories(tree.resolve("1/2/3/4"));
    Snapshots.Taken taken = small.take(RUN);
    assertThat(taken.skipped()).isEqualTo(2);
  }

  @Test
  void noRaceLeadsOut() throws Exception {
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "secret");
    Path victim = tree.resolve("d");
    Path spare = home.resolve("spare");
    Files.createDirectory(victim);
    Files.writeString(victim.resolve("secret"), "mine");
    Thread swapper =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!Thread.currentThread().isInterrupted()) {
                    try {
                      Files.move(victim, spare);
                      Files.createSymbolicLink(victim, outside);
                      Files.delete(victim);
                      Files.move(spare, victim);
                    } catch (IOException e) {
                      return;
                    }
                  }
                });
    try {
      for (int i = 0; i < 400; i++) {
        Snapshots.Taken taken = fresh(new HomeSandbox(home)).take(RUN);
        try (SnapshotRepository repository = snapshots.open(RUN)) {
          var found =
              repository.find(
                  ObjectId.fromString(taken.tree()), List.of("d".getBytes(), "secret".getBytes()));
          if (found != null) {
            assertThat(repository.content(found.id()).getBytes()).asString().isEqualTo("mine");
          }
        }
      }
    } finally {
      swapper.interrupt();
      swapper.join();
    }
  }

  @Test
  void aForkHasAllOfItsParentAndOutlivesIt() throws IOException {
    new RandomTree(new Random(3), tree).grow(200);
    String kept = take();
    Map<String, String> all = RandomTree.of(tree);
    String child = "cd".repeat(16);
    snapshots.share(RUN, child);
    snapshots.share(RUN, child);
    dev.helm.activities.sandbox.Workspaces.discard(home.resolve("snapshots/" + RUN + ".git"));
    Path of = new HomeSandbox(home).workspace(child);
    restore.finish(child, of, kept);
    assertThat(RandomTree.of(of)).isEqualTo(all);
  }
}
