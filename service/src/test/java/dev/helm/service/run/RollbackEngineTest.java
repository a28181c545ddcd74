package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.cli.launch.disk.DiskServer;
import dev.helm.cli.launch.disk.DiskSize;
import dev.helm.cli.launch.disk.Disks;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Rollback and fork of runs at work, with real parts: the service as a process, Temporal,
 * containers. A step is looked at over REST, and from the inside by the next command.
 */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class RollbackEngineTest {
  /** No other test's processes are taken for this one's. */
  private static final long SECONDS = 10_000_000 + ProcessHandle.current().pid();

  private Path home;
  private Path outside;
  private RollbackRuns runs;

  @BeforeAll
  static void engine() {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
  }

  @BeforeEach
  void places() throws Exception {
    home = Files.createTempDirectory(Path.of("/tmp"), "hr");
    Files.createDirectories(home.resolve("run"));
    // What links in the workspace point at; names and modes that a rollback would touch.
    outside = Files.createTempDirectory(Path.of("/tmp"), "hrout");
    Files.createDirectories(outside.resolve("c"));
    Files.writeString(outside.resolve("two"), "outside");
    Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  @AfterEach
  void gone() throws Exception {
    if (runs != null) {
      runs.close();
    }
    RollbackRuns.delete(outside);
    RollbackRuns.delete(home);
  }

  @Test
  void aRunAtWorkGoesBackForthAndApart() throws Exception {
    runs = RollbackRuns.start(home, true);
    backForthAndApart();
  }

  /** The same where a workspace lies on a file system of its own while there is a container. */
  @Test
  void theSameOnDisksOfTheirOwn() throws Exception {
    Disks disks = new Disks(home, new DiskSize(64, 2_000), 64_000, 64_000);
    try {
      disks.open();
    } catch (IOException e) {
      Assumptions.abort("this machine has no disks for slots: " + e.getMessage());
    }
    DiskServer server =
        DiskServer.start(disks, home.resolve("run").resolve("disks.sock"), Set.of("root"), 0);
    try {
      runs = RollbackRuns.start(home, true);
      try {
        backForthAndApart();
      } finally {
        runs.end();
      }
    } finally {
      server.close();
      for (String slot : disks.list()) {
        disks.drop(slot);
      }
    }
  }

  private void backForthAndApart() throws Exception {
    String neighbour = runs.start("neighbour");
    String run = runs.start("files beside " + outside + " for " + SECONDS + " s");
    runs.asked(neighbour, 1);
    JsonNode asked = runs.asked(run, 1);
    runs.awaitFile(run, "partial", "part");
    List<String> looks = runs.looks(run);
    assertThat(looks).hasSize(3);
    assertThat(looks.get(0)).contains("dangling", "symbolic link", "was-dir/in/d");
    List<JsonNode> snapshots = runs.service.events(run, "snapshot.taken");
    assertThat(snapshots).hasSize(3);
    String first = RollbackRuns.data(snapshots.getFirst(), "snapshotId");
    TreeMap<String, String> created = RestTree.of(runs.service, run, first);
    TreeMap<String, String> working = RestTree.of(runs.service, run, "now");
    assertThat(created).hasSizeGreaterThan(35);
    assertThat(working).containsOnlyKeys("only", "partial");
    TreeMap<String, String> untouched = untouched(neighbour);

    fork(run, RollbackRuns.data(snapshots.get(1), "snapshotId"), looks);
    assertThat(sleepers()).as("the fork has not disturbed it").isPositive();
    assertThat(runs.permission(asked).body().path("state").asText()).isEqualTo("open");

    String spent = runs.spent(run);
    JsonNode back = runs.rollback(run, first);
    assertThat(sleepers()).isZero();
    assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(created);
    assertThat(runs.service.status(run)).isEqualTo("paused");
    assertThat(back.path("epoch").asInt()).isEqualTo(2);
    assertThat(runs.allow(asked).status()).isEqualTo(410);
    assertThat(runs.spent(run)).isEqualTo(spent);
    assertThat(untouched(neighbour)).isEqualTo(untouched);
    assertThat(beside()).containsExactly("beside\n");

    runs.resume(run);
    JsonNode again = runs.asked(run, 2);
    assertThat(runs.looks(run)).as("before, and after it").hasSize(6);
    assertThat(runs.looks(run).subList(3, 6)).isEqualTo(looks);
    assertThat(RollbackRuns.data(again, "permissionId"))
        .isNotEqualTo(RollbackRuns.data(asked, "permissionId"));

    forthAgain(run, back.path("undoSnapshotId").asText(), working);
    assertThat(new java.math.BigDecimal(runs.spent(run)))
        .isGreaterThan(new java.math.BigDecimal(spent));
    assertThat(untouched(neighbour)).isEqualTo(untouched);
    runs.deny(runs.service.awaitEvent(neighbour, "permission.requested"));
    assertThat(runs.service.awaitEnd(neighbour)).isEqualTo("succeeded");
  }

  /** To what was before the first rollback, and on to the end. */
  private void forthAgain(String run, String undo, TreeMap<String, String> working)
      throws Exception {
    runs.awaitFile(run, "partial", "part");
    int done = 1 + atOnce(run, undo);
    assertThat(sleepers()).isZero();
    assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(working);
    runs.resume(run);
    runs.deny(runs.asked(run, 3));
    assertThat(runs.service.awaitEnd(run)).isEqualTo("succeeded");
    assertThat(runs.service.events(run, "run.rolledback")).hasSize(done);
    assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(working);
  }

  /** Three people ask for the same; gives how many of them got it. */
  private int atOnce(String run, String to) throws Exception {
    int got = 0;
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<ServiceProcess.Answer> one =
          () -> runs.service.post("/api/runs/" + run + "/rollback", Map.of("to", to));
      for (Future<ServiceProcess.Answer> answer : pool.invokeAll(List.of(one, one, one))) {
        assertThat(answer.get().status()).as(answer.get().toString()).isIn(200, 409);
        if (answer.get().status() == 200) {
          got++;
        } else {
          assertThat(answer.get().body().path("code").asText()).isEqualTo("rollback_under_way");
        }
      }
    }
    assertThat(got).isPositive();
    return got;
  }

  /** A new run that goes on from there with the same files, in a container of its own. */
  private void fork(String run, String at, List<String> looks) throws Exception {
    ServiceProcess.Answer made =
        runs.service.post("/api/runs/" + run + "/fork", Map.of("at", at, "message", "Go on."));
    assertThat(made.status()).as(made.toString()).isEqualTo(201);
    String child = made.body().path("id").asText();
    runs.asked(child, 1);
    assertThat(runs.looks(child)).isEqualTo(looks.subList(1, 3));
    assertThat(RestTree.of(runs.service, child, "start"))
        .isEqualTo(RestTree.of(runs.service, run, at));
    assertThat(runs.service.post("/api/runs/" + child + "/cancel", Map.of()).status())
        .isEqualTo(202);
    assertThat(runs.service.awaitEnd(child)).isEqualTo("cancelled");
  }

  /** What an agent had left beside its workspace is kept, and is no part of any tree. */
  private List<String> beside() throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> slots =
        Files.newDirectoryStream(home.resolve("workspaces"), "found-*")) {
      for (Path slot : slots) {
        found.add(Files.readString(slot.resolve("beside")));
      }
    }
    return found;
  }

  /** What lies outside: where links point at, and another run's workspace, with its inodes. */
  private TreeMap<String, String> untouched(String neighbour) throws Exception {
    TreeMap<String, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(outside)) {
      for (Path path : all.toList()) {
        Map<String, Object> is =
            Files.readAttributes(path, "unix:mode,ino,ctime,uid", LinkOption.NOFOLLOW_LINKS);
        found.put(path.toString(), new TreeMap<>(is).toString());
      }
    }
    RestTree.of(runs.service, neighbour, "now").forEach((k, v) -> found.put("neighbour " + k, v));
    return found;
  }

  /** Processes of a container are processes of this machine. */
  private static long sleepers() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(p -> p.getFileName().toString().matches("[0-9]+"))
          .filter(RollbackEngineTest::sleeps)
          .count();
    }
  }

  private static boolean sleeps(Path process) {
    try {
      return new String(
              Files.readAllBytes(process.resolve("cmdline")),
              java.nio.charset.StandardCharsets.UTF_8)
          .startsWith("sleep\0" + SECONDS);
    } catch (IOException e) {
      return false; // it ended meanwhile
    }
  }
}
