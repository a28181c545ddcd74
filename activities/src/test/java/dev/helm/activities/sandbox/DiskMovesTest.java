package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Moves between two disks, also where the process is killed in their middle. */
@Timeout(600)
final class DiskMovesTest {
  private static final String RUN = "a".repeat(32);
  private static final String SLOT = "0123abcd";

  /** All that changes a disk; a kill comes with the n-th call of one of them. */
  private static final List<String> STEPS =
      List.of(
          "mkdir",
          "mkdirat",
          "rename",
          "renameat",
          "unlink",
          "unlinkat",
          "rmdir",
          "symlinkat",
          "linkat",
          "sendfile",
          "fchmod",
          "utimensat",
          "ftruncate",
          "fsync",
          "syncfs");

  @TempDir private Path top;
  private Path home;
  private Workspaces places;

  @BeforeEach
  void layOut() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")));
    fresh("first");
  }

  private void fresh(String name) throws Exception {
    home = Files.createDirectory(top.resolve(name));
    places = MoveOnce.places(home);
    places.makeSlot(SLOT, new byte[] {1});
  }

  private static void fill(Path tree) throws Exception {
    shell(
        tree,
        "echo one > file; mkdir -p d/e; echo two > d/two; ln file d/same; ln -s ../file d/link;"
            + " head -c 100K /dev/zero > d/e/big; chmod 640 file; touch -d 2001-01-01 d/two");
  }

  private static String shell(Path in, String line) throws Exception {
    Process process =
        new ProcessBuilder("/bin/bash", "-c", line)
            .directory(in.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  private static String picture(Path tree) throws Exception {
    return shell(
        tree,
        "find . -mindepth 1 \\( -type d -printf '%P %y %m\\n' -o -printf '%P %y %m %s %n %l %T@\\n'"
            + " \\) | LC_ALL=C sort; find . -type f | LC_ALL=C sort | xargs cat | md5sum");
  }

  @Test
  void aNewRunIsOneDirectory() throws Exception {
    places.moveIn(RUN, SLOT);
    places.moveIn(RUN, SLOT);
    assertThat(places.inSlot(SLOT)).isEmptyDirectory();
    assertThat(places.home(RUN)).doesNotExist();
    assertThat(places.slot(SLOT).toFile().list()).containsExactly("sock");
    places.moveHome(RUN, SLOT);
    places.removeSlot(SLOT);
    assertThat(places.home(RUN)).isEmptyDirectory();
    assertThat(places.slotDirectories()).isEmpty();
  }

  @Test
  void aWorkspaceComesInAndGoesHome() throws Exception {
    fill(places.create(RUN));
    String before = picture(places.home(RUN));
    places.moveIn(RUN, SLOT);
    assertThat(picture(places.inSlot(SLOT))).isEqualTo(before);
    assertThat(places.home(RUN)).doesNotExist();
    Files.writeString(places.box(SLOT).resolve("beside"), "too");
    places.moveHome(RUN, SLOT);
    places.moveHome(RUN, SLOT);
    places.removeSlot(SLOT);
    assertThat(picture(places.home(RUN))).isEqualTo(before);
    assertThat(home.resolve("workspaces/found-" + SLOT + "/beside")).hasContent("too");
    assertThat(home.resolve("workspaces").toFile().list())
        .containsExactlyInAnyOrder(RUN, "found-" + SLOT);
    assertThat(home.resolve("boxes")).isEmptyDirectory();
  }

  @Test
  void whatTheContainerDidToItsBoxLosesNothing() throws Exception {
    places.moveIn(RUN, SLOT);
    fill(places.inSlot(SLOT));
    Files.move(places.inSlot(SLOT), places.box(SLOT).resolve("away"));
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.createSymbolicLink(places.inSlot(SLOT), outside);
    assertThatThrownBy(() -> places.moveIn(RUN, SLOT)).hasMessageContaining("something else");
    places.moveHome(RUN, SLOT);
    places.removeSlot(SLOT);
    assertThat(places.home(RUN).resolve("away/file")).hasContent("one\n");
    assertThat(Files.isSymbolicLink(places.home(RUN).resolve("workspace"))).isTrue();
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void twoWorkspacesAreNeverMerged() throws Exception {
    places.moveIn(RUN, SLOT);
    fill(places.inSlot(SLOT));
    Files.writeString(places.create(RUN).resolve("other"), "x");
    assertThatThrownBy(() -> places.moveHome(RUN, SLOT)).hasMessageContaining("two workspaces");
    assertThat(places.inSlot(SLOT).resolve("file")).hasContent("one\n");
    assertThat(places.home(RUN).resolve("other")).hasContent("x");
  }

  @Test
  void aSlotThatNobodyKnowsIsKept() throws Exception {
    fill(places.box(SLOT));
    assertThat(places.slotDirectories()).containsExactly(SLOT);
    places.rescue(SLOT);
    places.rescue(SLOT);
    places.removeSlot(SLOT);
    assertThat(home.resolve("workspaces/found-" + SLOT + "/file")).hasContent("one\n");
  }

  @Test
  void aTreeTooDeepForADiskStaysAtHome() throws Exception {
    shell(places.create(RUN), "for i in $(seq 300); do mkdir d; cd d; done; echo x > f");
    assertThatThrownBy(() -> places.moveIn(RUN, SLOT)).hasMessageContaining("too deep");
    places.moveHome(RUN, SLOT);
    places.removeSlot(SLOT);
    assertThat(shell(places.home(RUN), "find . -name f | wc -l")).isEqualTo("1\n");
  }

  @Test
  void aDiskThatIsNotMountedOrCanOnlyBeReadComesHome() throws Exception {
    assumeTrue(Workspaces.serviceUid() == 0, "needs root, to mount");
    home = Files.createDirectory(top.resolve("loop"));
    LoopDisks loops = new LoopDisks(home, 64, 2_000);
    places = new Workspaces(home, Workspaces.defaultOwnerUid(), loops, WorkspaceLimits.DEFAULT);
    try {
      places.makeSlot(SLOT, new byte[] {1});
      fill(places.create(RUN));
      String before = picture(places.home(RUN));
      places.moveIn(RUN, SLOT);
      assertThat(shell(home, "umount boxes/" + SLOT)).isEmpty();
      places.moveHome(RUN, SLOT);
      places.removeSlot(SLOT);
      assertThat(picture(places.home(RUN))).isEqualTo(before);

      places.makeSlot(SLOT, new byte[] {1});
      places.moveIn(RUN, SLOT);
      assertThat(shell(home, "mount -o remount,ro boxes/" + SLOT)).isEmpty();
      places.moveHome(RUN, SLOT);
      places.removeSlot(SLOT);
      assertThat(picture(places.home(RUN))).isEqualTo(before);
    } finally {
      loops.dropAll();
    }
  }

  @Test
  void whatLiesBesideCountsTowardsTheRunsLimits() throws Exception {
    home = Files.createDirectory(top.resolve("bounded"));
    places = MoveOnce.places(home, new WorkspaceLimits(1 << 20, 100, 20));
    places.makeSlot(SLOT, new byte[] {1});
    places.moveIn(RUN, SLOT);
    shell(places.inSlot(SLOT), "head -c 700K /dev/urandom > mine");
    shell(places.box(SLOT), "head -c 700K /dev/urandom > fat; echo x > thin");
    places.moveHome(RUN, SLOT);
    Path found = home.resolve("workspaces/found-" + SLOT);
    assertThat(found.toFile().list()).containsExactly("thin");
    assertThat(found.resolveSibling("found-" + SLOT + ".left-out.txt"))
        .content()
        .contains("1 beyond a limit");
    assertThat(places.home(RUN).resolve("mine")).hasSize(700 << 10);
  }

  @Test
  void onAFullHostNoHalfCopyStaysAndNothingBesideIsKept() throws Exception {
    Path narrow = home.resolve("workspaces");
    places.moveIn(RUN, SLOT);
    shell(places.inSlot(SLOT), "head -c 3M /dev/urandom > big");
    Files.writeString(places.box(SLOT).resolve("beside"), "too");
    assumeTrue(
        shell(top, "mount -t tmpfs -o size=1m,mode=700 none " + narrow).isEmpty(),
        "needs the right to mount");
    try {
      assertThatThrownBy(() -> places.moveHome(RUN, SLOT)).isInstanceOf(WorkspaceException.class);
      assertThat(narrow).isEmptyDirectory();
      assertThat(shell(top, "mount -o remount,size=8m " + narrow)).isEmpty();
      places.moveHome(RUN, SLOT);
      assertThat(places.home(RUN).resolve("big")).hasSize(3 << 20);
      assertThat(narrow.toFile().list())
          .containsExactlyInAnyOrder(RUN, "found-" + SLOT + ".left-out.txt");
    } finally {
      shell(top, "umount " + narrow);
    }
  }

  @Test
  void copiesThatNobodyNeedsAreTold() throws Exception {
    Path all = home.resolve("workspaces");
    Path needed = Files.createDirectory(all.resolve(".found-" + SLOT));
    Path left = Files.createDirectory(all.resolve(".found-99999999"));
    Path half = Files.createDirectory(all.resolve(".home-" + RUN));
    DiskMoves moves = new DiskMoves(places, WorkspaceLimits.DEFAULT, -1);
    assertThat(moves.leftovers()).containsExactlyInAnyOrder(left, half);
    Files.createFile(places.slot(SLOT).resolve("left"));
    assertThat(moves.leftovers()).containsExactly(left);
    assertThat(needed).isDirectory();
  }

  /** Killed at the first call of each kind; the campaign does so at each call. */
  @Test
  void aKillLosesNothing() throws Exception {
    kills(1);
  }

  @Test
  @Tag("campaign")
  void aKillAtAnyStepLosesNothing() throws Exception {
    kills(100);
  }

  private void kills(int most) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "needs strace");
    int killed = 0;
    for (String move : List.of("in", "home")) {
      for (String step : STEPS) {
        for (int n = 1; n <= most && killAt(move, step, n); n++) {
          killed++;
        }
      }
    }
    System.out.println("moves between disks: " + killed + " kills, nothing lost");
    assertThat(killed).isGreaterThan(10);
  }

  /** False if the move was whole before it came to that. */
  private boolean killAt(String move, String step, int n) throws Exception {
    fresh(move + step + n);
    fill(places.create(RUN));
    String before = picture(places.home(RUN));
    if (move.equals("home")) {
      places.moveIn(RUN, SLOT);
      Files.writeString(places.box(SLOT).resolve("beside"), "too");
    }
    if (moved(move, step, n)) {
      return false;
    }
    String where = move + " killed at " + step + " " + n;
    Workspaces next = MoveOnce.places(home);
    if (move.equals("in") && n % 2 == 1) {
      next.moveIn(RUN, SLOT);
      assertThat(picture(next.inSlot(SLOT))).as(where).isEqualTo(before);
      assertThat(next.home(RUN)).as(where).doesNotExist();
    } else {
      next.moveHome(RUN, SLOT);
      next.removeSlot(SLOT);
      assertThat(picture(next.home(RUN))).as(where).isEqualTo(before);
      assertThat(next.slotDirectories()).as(where).isEmpty();
    }
    if (move.equals("home")) {
      assertThat(home.resolve("workspaces/found-" + SLOT + "/beside")).as(where).hasContent("too");
    }
    assertThat(home.resolve("workspaces").toFile().list())
        .as(where)
        .allMatch(name -> name.equals(RUN) || name.equals("found-" + SLOT));
    return true;
  }

  private boolean moved(String move, String step, int n) throws Exception {
    List<String> line = new ArrayList<>(List.of("/usr/bin/strace", "-f", "-qq", "-o", "/dev/null"));
    line.addAll(List.of("-e", "trace=" + step));
    line.addAll(List.of("-e", "inject=" + step + ":signal=SIGKILL:when=" + n));
    line.add(System.getProperty("java.home") + "/bin/java");
    line.addAll(List.of("-XX:-UsePerfData", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    line.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
    line.add(System.getProperty("java.class.path"));
    line.addAll(List.of(MoveOnce.class.getName(), move, home.toString(), RUN, SLOT));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    assertThat(said).doesNotContain("Exception");
    return said.contains("whole");
  }
}
