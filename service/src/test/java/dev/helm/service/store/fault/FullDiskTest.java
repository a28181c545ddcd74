package dev.helm.service.store.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreException;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that becomes full and has room again, many times over. */
class FullDiskTest {
  private static final long DEADLINE_NS = 60_000_000_000L;

  @TempDir Path folder;

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + DEADLINE_NS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(5_000_000);
    }
  }

  private static String running(Store store) {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(new Fact("started", "main", new RunEvent.RunStarted(1, null))));
    return run;
  }

  private static RunStatus status(Store store, String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).status();
  }

  // Attack: an agent, or anything else, fills the disk, so that what is done next leaves no trace.
  @Test
  void twentyFullDisksLoseNothing() throws Exception {
    cycles(20);
  }

  @Test
  @Tag("campaign")
  void twoHundredFullDisksLoseNothing() throws Exception {
    cycles(200);
  }

  private void cycles(int rounds) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<String> acked = new ArrayList<>();
    String run;
    int slow = 0;
    try (Tmpfs disk = Tmpfs.mount(folder, "160m")) {
      try (Store store = Store.open(disk.home, Clock.systemUTC())) {
        run = running(store);
        for (int round = 0; round < rounds; round++) {
          boolean sudden = random.nextBoolean();
          slow += sudden ? 0 : 1;
          full(store, disk, run, "r" + round, sudden, acked);
          await("it goes on after round " + round, () -> store.health().writable());
          assertThat(status(store, run)).isEqualTo(RunStatus.RUNNING);
        }
      }
      try (Store store = Store.open(disk.home, Clock.systemUTC())) {
        check(Straced.log(store, run), acked, rounds);
      }
    }
    System.out.printf(
        "%d full disks (%d of them by the log itself), %d acknowledged events, none lost%n",
        rounds, slow, acked.size());
  }

  /** Fills the disk at once, or event by event until the writer itself says stop; frees it then. */
  private static void full(
      Store store, Tmpfs disk, String run, String round, boolean sudden, List<String> acked)
      throws Exception {
    if (sudden) {
      disk.fill();
    } else {
      disk.fillBut(14_000_000);
    }
    LogUnavailableException refusal = write(store, run, round, acked);
    assertThat(refusal).hasMessageContaining("full").hasMessageContaining("free");
    assertThat(store.health().writable()).isFalse();
    assertThat(store.health().detail()).contains("the disk is full");
    if (!sudden) {
      // There was room left to say so.
      await("the run is paused", () -> status(store, run) == RunStatus.PAUSED);
      disk.fill();
    }
    assertThat(write(store, run, round + "-held", acked)).isNotNull();
    disk.free();
  }

  private static LogUnavailableException write(
      Store store, String run, String prefix, List<String> acked) {
    for (int i = 0; i < 2_000; i++) {
      String key = prefix + "/" + i;
      try {
        store.log().append(run, List.of(StoreFixture.output(key, "x".repeat(20_000) + key)));
        acked.add(key);
      } catch (LogUnavailableException e) {
        return e;
      }
    }
    throw new AssertionError("the disk never became full");
  }

  private static void check(List<LoggedEvent> log, List<String> acked, int rounds) {
    Straced.whole(log, "after " + rounds + " full disks");
    List<String> stored =
        log.stream()
            .filter(event -> event.type().equals("tool.output"))
            .map(event -> String.valueOf(event.data().get("text")).replaceAll("^x+", ""))
            .toList();
    assertThat(stored).containsAll(acked);
    assertThat(count(log, "run.paused")).isEqualTo(rounds);
    assertThat(count(log, "run.resumed")).isEqualTo(rounds);
    assertThat(log.stream().filter(event -> event.type().equals("run.paused")))
        .allSatisfy(
            event ->
                assertThat(event.data())
                    .containsEntry("reason", "system")
                    .hasEntrySatisfying(
                        "detail", why -> assertThat(why.toString()).contains("the disk is full")));
  }

  private static long count(List<LoggedEvent> log, String type) {
    return log.stream().filter(event -> event.type().equals(type)).count();
  }

  @Test
  void aServiceThatStartsOnAFullDiskSaysSoAndGoesOnWhenThereIsRoom() throws Exception {
    try (Tmpfs disk = Tmpfs.mount(folder, "160m")) {
      String run;
      try (Store store = Store.open(disk.home, Clock.systemUTC())) {
        run = running(store);
        disk.fillBut(5_000_000);
        await("the run is paused", () -> status(store, run) == RunStatus.PAUSED);
      }
      disk.fill();
      assertThatThrownBy(() -> Store.open(disk.home, Clock.systemUTC()).close())
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("the disk is full");
      disk.free();
      disk.fillBut(300_000);
      try (Store store = Store.open(disk.home, Clock.systemUTC())) {
        assertThat(write(store, run, "full", new ArrayList<>())).hasMessageContaining("full");
        assertThat(status(store, run)).isEqualTo(RunStatus.PAUSED);
        disk.free();
        await("a new life lets it go on", () -> status(store, run) == RunStatus.RUNNING);
        Straced.whole(Straced.log(store, run), "after the start on a full disk");
      }
    }
  }
}
