package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.cli.launch.ProcessSpec.Input;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Real processes: shell scripts and sleep. */
class SupervisorTest {
  @Test
  void startsAgainWhatWasKilled() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      supervisor.start(List.of(tiny.polite("worker")));
      ProcessId first = supervisor.lives().getFirst().process();
      first.end(true);
      Until.holds(
          "another pid",
          () ->
              supervisor.lives().stream()
                  .anyMatch(life -> life.restarts() == 1 && !life.process().equals(first)));
      Until.holds("ready again", () -> tiny.said().contains("worker · ready again"));
      assertThat(tiny.said())
          .contains("worker · ended with signal 9")
          .contains("starts again in 0.2 s");
      assertThat(Files.readString(tiny.home.log("worker"))).contains("-- helm: worker · ended");
    }
  }

  @Test
  void pausesLongerAfterEachEarlyDeath() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      ProcessSpec dies = tiny.script("dies", "echo ready; sleep 0.1; exit 3");
      supervisor.start(List.of(dies));
      Until.holds("a third pause", () -> tiny.said().contains("starts again in 0.8 s"));
      assertThat(tiny.said()).contains("ended with exit code 3").contains("starts again in 0.4 s");
    }
  }

  @Test
  void endsInReverseOrder() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Supervisor supervisor = tiny.supervisor();
      supervisor.start(List.of(tiny.polite("first")));
      Path order = tiny.home.root().resolve("order");
      supervisor.atStop(() -> append(order, "action\n"));
      supervisor.start(List.of(tiny.polite("second"), tiny.polite("third")));
      supervisor.stop();
      assertThat(Files.readAllLines(order)).containsExactly("third", "second", "action", "first");
      assertThat(supervisor.lives()).isEmpty();
    }
  }

  @Test
  void anActionThatFailsKeepsNothingElseFromItsEnd() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Supervisor supervisor = tiny.supervisor();
      supervisor.start(List.of(tiny.polite("first")));
      ProcessId process = supervisor.lives().getFirst().process();
      supervisor.atStop(
          () -> {
            throw new IllegalStateException("a planted failure");
          });
      supervisor.stop();
      assertThat(process.alive()).isFalse();
      assertThat(tiny.said()).contains("a planted failure").contains("stopped · first");
      supervisor.awaitStopped();
    }
  }

  @Test
  void killsWhatIgnoresTheRequestToEnd() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Supervisor supervisor = tiny.supervisor();
      ProcessSpec deaf =
          tiny.script("deaf", "trap '' TERM; echo ready; while true; do sleep 0.05; done")
              .withTimes(10_000, 300);
      supervisor.start(List.of(deaf));
      ProcessId process = supervisor.lives().getFirst().process();
      supervisor.stop();
      assertThat(process.alive()).isFalse();
    }
  }

  @Test
  void tellsWhyAProcessNeverGotReady() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      ProcessSpec broken = tiny.script("broken", "echo no such setting: colour; exit 2");
      assertThatThrownBy(() -> supervisor.start(List.of(broken)))
          .isInstanceOf(LaunchException.class)
          .hasMessageContaining("broken ended 3 times, the last time with exit code 2")
          .hasMessageContaining("no such setting: colour");
    }
  }

  @Test
  void oneThatFailsIsToldOfWhileAnotherWaitsForIt() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      ProcessSpec waits = tiny.script("waits", "sleep 60").withTimes(60_000, 1_000);
      ProcessSpec broken = tiny.script("broken", "exit 2").withTimes(60_000, 1_000);
      assertThatThrownBy(() -> supervisor.start(List.of(waits, broken)))
          .hasMessageContaining("broken ended 3 times");
    }
  }

  @Test
  void tellsWhenAProcessIsTooSlow() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      ProcessSpec slow = tiny.script("slow", "sleep 30").withTimes(200, 1_000);
      assertThatThrownBy(() -> supervisor.start(List.of(slow)))
          .hasMessageContaining("slow is not ready");
    }
  }

  @Test
  void givesInputAndNothingOfItsOwnEnvironment() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Supervisor supervisor = tiny.supervisor()) {
      Path key = Files.writeString(tiny.home.keys().resolve("k"), "from the file");
      String body = "cat; echo; env; echo ready; sleep 60";
      supervisor.start(List.of(tiny.script("file", body).withInput(new Input.File(key))));
      supervisor.start(List.of(tiny.script("text", body).withInput(new Input.Text("practice"))));
      assertThat(Files.readString(tiny.home.log("file")))
          .contains("from the file")
          .doesNotContain("JAVA_HOME")
          .doesNotContain("USER");
      assertThat(Files.readString(tiny.home.log("text"))).contains("practice");
    }
  }

  @Test
  void aStopDuringAStartLeavesNothing() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Supervisor supervisor = tiny.supervisor();
      Thread starting =
          Thread.ofVirtual()
              .start(
                  () -> quietly(() -> supervisor.start(List.of(tiny.script("never", "sleep 60")))));
      Until.holds("it runs", () -> !supervisor.lives().isEmpty());
      ProcessId process = supervisor.lives().getFirst().process();
      supervisor.stop();
      assertThat(process.alive()).isFalse();
      starting.interrupt();
      starting.join();
      assertThatThrownBy(() -> supervisor.start(List.of(tiny.polite("late"))))
          .hasMessageContaining("being stopped");
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void quietly(Work work) {
    try {
      work.run();
    } catch (Exception e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void append(Path file, String text) {
    try {
      Files.writeString(file, text, java.nio.file.StandardOpenOption.APPEND);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
