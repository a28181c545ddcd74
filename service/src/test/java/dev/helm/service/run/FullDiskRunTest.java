package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.activities.practice.PracticeModel;
import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.rest.Backend;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run with the real Temporal server, whose database lies on the same disk, while that disk fills
 * up again and again: the run is held, and goes on by itself.
 */
@Tag("engine")
class FullDiskRunTest {
  private static final int TURNS = 400;
  private static final int CYCLES = 5;

  @TempDir Path home;

  // Attack: fill the disk of the whole installation while an agent is at work.
  @Test
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void aRunOutlivesFullDisksWithoutAPerson() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    assumeTrue(
        shell("mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", home.toString()) == 0,
        "tmpfs cannot be mounted here");
    try {
      overFullDisks();
    } finally {
      shell("umount", "-l", home.toString());
    }
  }

  private void overFullDisks() throws Exception {
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    try (PracticeModel model =
            PracticeModel.start(0, List.of(Path.of("src/test/resources/longrun")), false);
        TemporalServer temporal = TemporalServer.start(home);
        Store store = Store.open(home, Clock.systemUTC());
        StreamHub hub = new StreamHub(store)) {
      Backend backend =
          LiveBackend.open(LongRun.settings(home, temporal, model.port()), store, hub);
      backend.start();
      String run = LongRun.create(store, TURNS);
      await("Temporal is there", () -> started(backend, run));
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        long before = events(store, run);
        await("the run is at work", () -> events(store, run) > before + 20);
        fill();
        await("the log is held", () -> !store.health().writable());
        long held = events(store, run);
        LockSupport.parkNanos(1_000_000_000);
        assertThat(events(store, run)).as("nothing happens meanwhile").isEqualTo(held);
        Files.delete(home.resolve("ballast"));
        await("the log takes events again", () -> store.health().writable());
      }
      await("the run ends", () -> !LongRun.status(store, run).active());
      assertThat(LongRun.status(store, run))
          .as("ended by its limit of turns")
          .isEqualTo(RunStatus.FAILED);
      check(store, run);
      backend.close();
    }
  }

  private static void check(Store store, String run) {
    List<LoggedEvent> log = new ArrayList<>();
    Bodies.Events page;
    do {
      page = store.queries().events(Access.system(), run, log.size(), 1_000, Set.of());
      log.addAll(page.items());
    } while (!page.items().isEmpty());
    String prev = LoggedEvent.NO_PREV;
    for (int i = 0; i < log.size(); i++) {
      assertThat(log.get(i).seq()).isEqualTo(i + 1);
      assertThat(log.get(i).prev()).isEqualTo(prev);
      prev = log.get(i).hash();
    }
    assertThat(count(log, "model.message")).isEqualTo(TURNS);
    assertThat(count(log, "run.paused")).isEqualTo(CYCLES);
    assertThat(count(log, "run.resumed")).isEqualTo(CYCLES);
    assertThat(log.stream().filter(event -> event.type().equals("run.paused")))
        .allSatisfy(event -> assertThat(event.data()).containsEntry("reason", "system"));
    System.out.println(CYCLES + " full disks, " + log.size() + " events, no gap");
  }

  private static long count(List<LoggedEvent> log, String type) {
    return log.stream().filter(event -> event.type().equals(type)).count();
  }

  /** To the last byte, also for who writes in small pieces. */
  private void fill() throws IOException {
    try (var out = Files.newOutputStream(home.resolve("ballast"))) {
      byte[] much = new byte[1 << 20];
      while (true) {
        out.write(much);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static boolean started(Backend backend, String run) {
    try {
      backend.control().start(run);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private static long events(Store store, String run) {
    return store.queries().events(Access.system(), run, 0, 1, Set.of()).last();
  }

  private static int shell(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
