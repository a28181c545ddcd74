package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SIGKILL of the real service in the middle of rollbacks: each is whole, or did not happen. */
@Tag("engine")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made by each test
class RollbackKillTest {
  private static final int RUNS = 4;

  /** About what four rollbacks at once take. */
  private static final long WITHIN_MS = 2_000;

  private Path home;
  private RollbackRuns runs;
  private final List<String> ids = new ArrayList<>();
  private final Map<String, Integer> asked = new TreeMap<>();
  private TreeMap<String, String> created;
  private TreeMap<String, String> changed;
  private int interrupted;
  private int done;

  @BeforeAll
  static void engine() {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
  }

  @AfterEach
  void gone() throws Exception {
    if (runs != null) {
      runs.close();
    }
  }

  @Test
  void twoKillsInEightRollbacks() throws Exception {
    kills(2);
  }

  @Test
  @Tag("campaign")
  void aHundredRollbacks() throws Exception {
    kills(25);
  }

  private void kills(int rounds) throws Exception {
    long seed = Long.getLong("helm.rollback.seed", System.nanoTime());
    System.out.println("rollback kills: seed " + seed);
    Random random = new Random(seed);
    home = Files.createTempDirectory(Path.of("/tmp"), "hk");
    runs = RollbackRuns.start(home, false);
    for (int i = 0; i < RUNS; i++) {
      ids.add(runs.start("kill"));
    }
    for (String run : ids) {
      asked.put(run, 1);
      runs.asked(run, 1);
    }
    created = RestTree.of(runs.service, ids.getFirst(), first(ids.getFirst()));
    changed = RestTree.of(runs.service, ids.getFirst(), "now");
    assertThat(created).hasSizeGreaterThan(40).isNotEqualTo(changed);
    for (int round = 0; round < rounds; round++) {
      round(random.nextLong(WITHIN_MS));
    }
    System.out.printf(
        "rollback kills: %d of %d had begun, %d of them were carried out%n",
        interrupted, rounds * RUNS, done);
    for (String run : ids) {
      runs.deny(runs.asked(run, of(asked, run)));
      assertThat(runs.service.awaitEnd(run)).isEqualTo("succeeded");
      assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(changed);
    }
  }

  private String first(String run) throws Exception {
    return RollbackRuns.data(runs.service.events(run, "snapshot.taken").getFirst(), "snapshotId");
  }

  private void round(long killAfterMs) throws Exception {
    Map<String, Integer> before = new TreeMap<>();
    Map<String, String> steps = new TreeMap<>();
    for (String run : ids) {
      before.put(run, runs.service.events(run, "run.rolledback").size());
      steps.put(run, first(run));
    }
    Map<String, Future<Integer>> answers = new TreeMap<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (String run : ids) {
        answers.put(run, pool.submit(() -> answer(run, of(steps, run))));
      }
      // How long is what is drawn; a kill waits for nothing.
      TimeUnit.MILLISECONDS.sleep(killAfterMs);
      runs.service.kill();
    }
    runs.service.up();
    for (String run : ids) {
      settled(run, of(before, run), of(answers, run).get() == 200);
    }
  }

  private static <T> T of(Map<String, T> map, String run) {
    return Objects.requireNonNull(map.get(run), run);
  }

  /** The status, or 0 where the service died before it answered. */
  private int answer(String run, String to) throws InterruptedException {
    try {
      return runs.service.post("/api/runs/" + run + "/rollback", Map.of("to", to)).status();
    } catch (IOException e) {
      return 0;
    }
  }

  private void settled(String run, int before, boolean acknowledged) throws Exception {
    ServiceProcess.await("the end of what was begun", 90, () -> free(run));
    List<JsonNode> log = runs.service.events(run);
    for (int i = 0; i < log.size(); i++) {
      assertThat(log.get(i).path("seq").asInt()).isEqualTo(i + 1);
    }
    int more = runs.service.events(run, "run.rolledback").size() - before;
    assertThat(more).as("rollbacks of " + run).isBetween(acknowledged ? 1 : 0, 1);
    assertThat(runs.service.status(run)).isEqualTo("paused");
    TreeMap<String, String> now = RestTree.of(runs.service, run, "now");
    assertThat(now).as("the tree of " + run).isEqualTo(more == 1 ? created : changed);
    if (more == 1) {
      interrupted += acknowledged ? 0 : 1;
      done++;
      runs.resume(run);
      asked.merge(run, 1, Integer::sum);
      runs.asked(run, of(asked, run));
      assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(changed);
    }
  }

  /** While a rollback is under way nothing else may be asked of a run. */
  private boolean free(String run) {
    try {
      Map<String, Object> preview = Map.of("to", "start", "preview", true);
      return runs.service.post("/api/runs/" + run + "/rollback", preview).status() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
