package dev.helm.service.store.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.service.store.fault.Straced.Life;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The system calls of a real process with the real store fail or kill it, one after the other. What
 * it had acknowledged is on disk, and after an error nothing more is taken.
 */
class DiskErrorTest {
  private static final String SYNC = "fdatasync,fsync";
  private static final String WRITE = "pwrite64";

  /** Large enough that the write-ahead log is copied into the database in between. */
  private static final int LARGE = 900_000;

  private static final int EVENTS = 8;

  @TempDir Path temp;
  private int homes;

  /** Where the faults come: while a new home is made, or in one that has a log. */
  private enum Home {
    NEW,
    USED
  }

  private Path home(Home kind) throws Exception {
    Path home = temp.resolve("h" + homes++);
    if (kind == Home.NEW) {
      return Files.createDirectory(home);
    }
    Path used = temp.resolve("used");
    if (!Files.exists(used)) {
      Files.createDirectory(used);
      assertThat(Straced.unharmed(used, "2", "100", "close").lines()).contains("closed");
    }
    new ProcessBuilder("cp", "-a", used.toString(), home.toString()).start().waitFor();
    return home;
  }

  /** One fault at the n-th call of each thread, and what came of it. */
  private Life fault(Home kind, String calls, String fault, int n, int blobBytes) throws Exception {
    Path home = home(kind);
    String as = kind + " " + calls + " " + fault + " at " + n;
    Life life =
        Straced.life(
            home,
            calls,
            fault + ":when=" + n,
            String.valueOf(EVENTS),
            String.valueOf(blobBytes),
            "end");
    Straced.verify(home, life.acks(), as);
    System.out.printf(
        "%s: %d injected, %d acknowledged, %s%n",
        as, life.injected().size(), life.acks().size(), outcome(life));
    delete(home);
    return life;
  }

  private static void delete(Path home) throws Exception {
    new ProcessBuilder("rm", "-r", home.toString()).start().waitFor();
  }

  private static String outcome(Life life) {
    if (life.refused()) {
      return "refused, accepted afterwards: " + life.said("accepted afterwards ");
    }
    return life.lines().isEmpty() ? "killed" : life.lines().getLast().replaceAll(" .*", "");
  }

  /** At the 1st, 2nd, 3rd … call until a whole life meets no fault; gives how many met one. */
  private int every(String calls, String fault, int blobBytes, Check check) throws Exception {
    int met = 0;
    for (Home kind : Home.values()) {
      Life life;
      int n = 0;
      do {
        life = fault(kind, calls, fault, ++n, blobBytes);
        check.of(life, n);
        met += life.injected().isEmpty() ? 0 : 1;
      } while (!life.injected().isEmpty());
    }
    System.out.println(calls + " " + fault + ", every one: " + met);
    return met;
  }

  /** At some of the calls, in a home that has a log; the seed is printed. */
  private void some(String calls, String fault, int blobBytes, int count, int below, Check check)
      throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    int met = 0;
    for (int n : new Random(seed).ints(1, below).distinct().limit(count).sorted().toArray()) {
      Life life = fault(Home.USED, calls, fault, n, blobBytes);
      check.of(life, n);
      met += life.injected().isEmpty() ? 0 : 1;
    }
    assertThat(met).as("lives that met a fault").isPositive();
  }

  @FunctionalInterface
  private interface Check {
    void of(Life life, int n);
  }

  /** The control: nothing fails, all is acknowledged, and the log goes on. */
  @Test
  void withoutAFaultAllIsAcknowledged() throws Exception {
    Straced.needed();
    Path home = home(Home.NEW);
    Life life = Straced.life(home, SYNC, "error=EIO:when=60000", "20", "100", "close");
    assertThat(life.acks()).hasSize(20);
    assertThat(life.lines()).contains("closed");
    Straced.verify(home, life.acks(), "control");
  }

  // Attack: an fsync fails, the next one "works", and what lies between is believed to be on disk.
  private static void stops(Life life, int n) {
    if (life.hitFile()) {
      assertThat(life.lines()).as("fsync %d is told", n).doesNotContain("all written");
    }
    if (life.refused()) {
      assertThat(life.said("health ")).as("health at %d", n).startsWith("false").contains("disk");
      assertThat(life.said("accepted afterwards ")).as("stopped at %d", n).isEqualTo("0");
    }
  }

  @Test
  void aFailedFsyncStopsTheWriter() throws Exception {
    Straced.needed();
    some(SYNC, "error=EIO", LARGE, 6, 20, DiskErrorTest::stops);
  }

  @Test
  @Tag("campaign")
  void everyFsyncThatFailsStopsTheWriter() throws Exception {
    Straced.needed();
    assertThat(every(SYNC, "error=EIO", LARGE, DiskErrorTest::stops)).isGreaterThan(20);
  }

  @Test
  void afterAFailedFsyncTheDatabaseIsOpenedAndCheckedAndItGoesOn() throws Exception {
    Straced.needed();
    Path home = home(Home.USED);
    Life life = Straced.life(home, SYNC, "error=EIO:when=9", "8", "100", "wait");
    assertThat(life.refused()).isTrue();
    assertThat(life.said("accepted afterwards ")).isEqualTo("50");
    assertThat(life.acks().size()).isGreaterThan(50);
    Straced.verify(home, life.acks(), "reopened");
  }

  @Test
  void aDiskThatGoesOnFailingKeepsTheWriterStopped() throws Exception {
    Straced.needed();
    Path home = home(Home.USED);
    Life life = Straced.life(home, SYNC, "error=EIO:when=9+", "8", "100", "end");
    assertThat(life.said("accepted afterwards ")).isEqualTo("0");
    Straced.verify(home, life.acks(), "broken");
  }

  // Attack: the disk takes a part of a commit, and the rest fails.
  @Test
  void aFailedWriteLosesNothing() throws Exception {
    Straced.needed();
    some(WRITE, "error=EIO", 100, 4, 150, (life, n) -> {});
    some(WRITE, "error=ENOSPC", 100, 4, 150, (life, n) -> {});
  }

  @Test
  @Tag("campaign")
  void everyFailedWriteLosesNothing() throws Exception {
    Straced.needed();
    every(WRITE, "error=EIO", 100, (life, n) -> {});
    every(WRITE, "error=ENOSPC", 100, (life, n) -> {});
  }

  // Attack: the process dies within a commit.
  @Test
  void aKillAtAWriteOrFsyncLosesNothing() throws Exception {
    Straced.needed();
    some(WRITE, "signal=KILL", 100, 4, 150, (life, n) -> {});
    some(SYNC, "signal=KILL", 100, 4, 16, (life, n) -> {});
  }

  @Test
  @Tag("campaign")
  void aKillAtEveryWriteAndFsyncLosesNothing() throws Exception {
    Straced.needed();
    every(WRITE, "signal=KILL", 100, (life, n) -> {});
    every(SYNC, "signal=KILL", 100, (life, n) -> {});
  }

  // Attack: keep the signed heads from being written, so that the log stops or a cut goes unseen.
  @Test
  void aHeadsFileThatCannotBeWrittenIsNotTheLog() throws Exception {
    Straced.needed();
    Path home = home(Home.USED);
    Life life = Straced.lifeOf(home, "heads.log", "write", "error=EIO", "8", "100", "close");
    assertThat(life.injected()).isNotEmpty();
    assertThat(life.acks()).hasSize(8);
    assertThat(life.lines()).contains("closed");
    // It is behind now, which is accepted; what it knew is still checked at each start.
    Straced.verify(home, life.acks(), "heads");
  }
}
