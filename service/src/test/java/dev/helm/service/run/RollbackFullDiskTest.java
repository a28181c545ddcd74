package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The disk of the whole installation fills while a run is taken back. */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class RollbackFullDiskTest {
  // The watcher ends commands where the host has less than 512 MB free.
  private static final String SIZE = "900m";

  private Path home;
  private RollbackRuns runs;

  @BeforeEach
  void mount() throws Exception {
    assumeTrue(System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    home = Files.createTempDirectory(Path.of("/tmp"), "hf");
    assumeTrue(
        shell("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", home.toString()) == 0,
        "tmpfs cannot be mounted here");
  }

  @AfterEach
  void unmount() throws Exception {
    if (runs != null) {
      Files.deleteIfExists(ballast());
      runs.close();
    }
    if (home != null) {
      shell("umount", "-l", home.toString());
      Files.deleteIfExists(home);
    }
  }

  @Test
  void theOldTreeStaysAndTheRunGoesOnWhenThereIsRoom() throws Exception {
    runs = RollbackRuns.start(home, false);
    String run = runs.start("large");
    runs.asked(run, 1);
    TreeMap<String, String> old = RestTree.of(runs.service, run, "now");
    JsonNode first = runs.service.events(run, "snapshot.taken").getFirst();
    String to = RollbackRuns.data(first, "snapshotId");

    // Room for the log, none for the file that has to come back.
    fillBut(100 << 20);
    ServiceProcess.Answer refused = rollback(run, to);
    assertThat(refused.status()).as(refused.toString()).isEqualTo(507);
    assertThat(refused.body().path("code").asText()).isEqualTo("disk_full");
    assertThat(refused.body().toString()).contains("the run is as it was, and paused");
    assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(old);
    assertThat(runs.service.status(run)).isEqualTo("paused");
    assertThat(usable()).as("the half of a tree is gone").isGreaterThan(80L << 20);

    // Not even room for the log: nothing is begun.
    int before = runs.service.events(run).size();
    fillBut(0);
    ServiceProcess.Answer held = rollback(run, to);
    assertThat(held.status()).as(held.toString()).isIn(503, 507);
    assertThat(held.body().path("code").asText()).isNotEmpty();
    assertThat(RestTree.of(runs.service, run, "now")).isEqualTo(old);

    Files.delete(ballast());
    ServiceProcess.await("the log", 60, () -> done(run, to));
    TreeMap<String, String> back = RestTree.of(runs.service, run, "now");
    assertThat(back).containsOnlyKeys("large", "empty", "small").isNotEqualTo(old);
    assertThat(back).isEqualTo(RestTree.of(runs.service, run, to));
    assertThat(runs.service.events(run)).hasSizeGreaterThan(before);
    runs.resume(run);
    runs.deny(runs.asked(run, 2));
    assertThat(runs.service.awaitEnd(run)).isEqualTo("succeeded");
  }

  private ServiceProcess.Answer rollback(String run, String to) throws Exception {
    return runs.service.post("/api/runs/" + run + "/rollback", Map.of("to", to));
  }

  private boolean done(String run, String to) {
    try {
      return rollback(run, to).status() == 200;
    } catch (Exception e) {
      return false;
    }
  }

  private Path ballast() {
    return home.resolve("ballast");
  }

  private long usable() throws IOException {
    return Files.getFileStore(home).getUsableSpace();
  }

  private void fillBut(long leaveBytes) throws IOException {
    byte[] piece = new byte[4096];
    try (OutputStream out =
        Files.newOutputStream(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (long left = usable() - leaveBytes; left > 0; left -= piece.length) {
        out.write(piece);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
  }

  private static int shell(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
