package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * What clients see while the log takes no event: never a 500, and nothing that was answered is
 * lost.
 */
class LogAwayTest {
  private static final long LOCK_NS = 10_000_000_000L;

  private static final String START = "{\"blueprint\":\"brief\",\"input\":{\"quarter\":\"Q1\"}}";

  // Attack: another program keeps the file to itself.
  @Test
  void aLockOfTenSecondsIsWaitedForOrToldAndNothingIsLost() throws Exception {
    try (RunningService helm = RunningService.start()) {
      helm.run();
      List<String> started = new ArrayList<>();
      List<Integer> answers = new ArrayList<>();
      Process other = holder(helm.home);
      while (other.isAlive()) {
        RunningService.Answer answer = helm.post("/api/runs", START);
        answers.add(answer.status());
        if (answer.status() == 201) {
          started.add(answer.text("id"));
        } else {
          refusedWell(answer);
        }
        assertThat(helm.get("/api/runs").status()).isEqualTo(200);
        assertThat(helm.get("/api/status").status()).isEqualTo(200);
      }
      assertThat(answers).contains(503);
      awaitStarted(helm, started);
      for (String run : started) {
        assertThat(helm.get("/api/runs/" + run).status()).isEqualTo(200);
      }
      // A claim whose start was refused holds no slot: as many runs as were answered with 201.
      assertThat(helm.get("/api/runs").json().path("items")).hasSize(1 + started.size());
      System.out.println("locked for 10 s: " + answers.size() + " starts answered " + answers);
    }
  }

  /** The process that keeps the file to itself. */
  public static final class Holder {
    private Holder() {}

    /** Argument: the database. */
    public static void main(String[] args) throws Exception {
      try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + args[0]);
          Statement statement = other.createStatement()) {
        statement.execute("BEGIN IMMEDIATE");
        System.out.println("locked");
        // It may return early, for no reason.
        long end = System.nanoTime() + LOCK_NS;
        for (long left = LOCK_NS; left > 0; left = end - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
        statement.execute("COMMIT");
      }
    }
  }

  private static Process holder(Path home) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                home.resolve("helm.db").toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.inputReader().readLine()).isEqualTo("locked");
    return process;
  }

  private static void refusedWell(RunningService.Answer answer) {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text("code")).isEqualTo("log_unavailable");
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(answer.text("detail")).contains("To mend it").doesNotContain("/tmp/");
  }

  private static void awaitStarted(RunningService helm, List<String> started) {
    long end = System.nanoTime() + 60_000_000_000L;
    while (true) {
      RunningService.Answer answer = helm.post("/api/runs", START);
      if (answer.status() == 201) {
        started.add(answer.text("id"));
        return;
      }
      refusedWell(answer);
      assertThat(System.nanoTime()).as("it goes on by itself").isLessThan(end);
      LockSupport.parkNanos(100_000_000);
    }
  }

  // Attack: fill the disk under a running service.
  @Test
  void aFullDiskIsToldEverywhereAndEndsByItself() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    try (RunningService helm = RunningService.start()) {
      helm.run();
      helm.down();
      Path small = smallDisk(helm.home);
      try {
        helm.up();
        // The control: it works on the small disk too, as long as there is room.
        awaitStarted(helm, new ArrayList<>());
        Path ballast = helm.home.resolve("ballast");
        fill(ballast);
        refusedWell(helm.post("/api/runs", START));
        assertThat(helm.get("/api/runs").status()).isEqualTo(200);
        assertThat(helm.get("/api/health").status()).isEqualTo(200);
        JsonNode status = helm.get("/api/status").json();
        assertThat(status.path("backend").asText()).isEqualTo("degraded");
        assertThat(status.path("components").get(1).path("name").asText()).isEqualTo("log");
        assertThat(status.path("components").get(1).path("state").asText()).isEqualTo("down");
        assertThat(status.path("components").get(1).path("detail").asText())
            .contains("the disk is full")
            .contains("free");
        Files.delete(ballast);
        awaitStarted(helm, new ArrayList<>());
        assertThat(helm.get("/api/runs").json().path("items")).hasSize(3);
      } finally {
        helm.down();
        shell("cp", "-a", helm.home + "/.", small.toString());
        shell("umount", "-l", helm.home.toString());
        shell("rm", "-r", small.toString());
      }
    }
  }

  /** Moves the home onto a disk of 160 MB; gives where the old one was copied to. */
  private static Path smallDisk(Path home) throws Exception {
    Path copy = Files.createTempDirectory(Path.of("/tmp"), "helm-copy");
    shell("cp", "-a", home + "/.", copy.toString());
    assumeTrue(
        shell("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", home.toString()) == 0,
        "tmpfs cannot be mounted here");
    shell("cp", "-a", copy + "/.", home.toString());
    return copy;
  }

  private static void fill(Path ballast) throws IOException {
    try (var out = Files.newOutputStream(ballast)) {
      byte[] much = new byte[1 << 20];
      while (true) {
        out.write(much);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
  }

  private static int shell(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
