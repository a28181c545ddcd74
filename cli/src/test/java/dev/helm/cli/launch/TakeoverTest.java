package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.launch.RunState.ChildState;
import dev.helm.cli.launch.RunState.Phase;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a launcher finds that was killed, and what it must never touch. */
class TakeoverTest {
  @Test
  void endsTheChildrenOfADeadLauncher() throws Exception {
    Process sleep = new ProcessBuilder("sleep", "300").start();
    ProcessId id = ProcessId.of(sleep.pid()).orElseThrow();
    assertThat(Takeover.endLeftovers(state(ProcessId.boot(), id))).containsExactly("worker");
    assertThat(sleep.waitFor()).isNotZero();
  }

  @Test
  void sparesAProcessThatGotTheNumberLater() throws Exception {
    Process sleep = new ProcessBuilder("sleep", "300").start();
    try {
      ProcessId id = ProcessId.of(sleep.pid()).orElseThrow();
      ProcessId earlier = new ProcessId(id.pid(), id.start() - 1);
      assertThat(Takeover.endLeftovers(state(ProcessId.boot(), earlier))).isEmpty();
      earlier.end(true);
      assertThat(Takeover.endLeftovers(state("another boot", id))).isEmpty();
      assertThat(sleep.isAlive()).isTrue();
    } finally {
      sleep.destroyForcibly().waitFor();
    }
  }

  @Test
  void theStateSurvivesTheDisk() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      RunState state = state(ProcessId.boot(), ProcessId.self());
      state.write(tiny.home.stateFile());
      assertThat(RunState.read(tiny.home.stateFile())).contains(state);
      assertThat(state.launcherAlive()).isTrue();
    }
  }

  @Test
  void onlyOneLauncherHoldsAHome() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      try (HomeLock first = HomeLock.tryTake(tiny.home.lockFile()).orElseThrow()) {
        assertThat(first).isNotNull();
        assertThat(HomeLock.tryTake(tiny.home.lockFile())).isEmpty();
      }
      HomeLock.tryTake(tiny.home.lockFile()).orElseThrow().close();
    }
  }

  /** A launcher that is killed hard takes its children with it, by the kernel's death signal. */
  @Test
  void childrenDieWithTheirLauncher() throws Exception {
    org.junit.jupiter.api.Assumptions.assumeTrue(ProcessSpec.hasSetpriv(), "needs setpriv");
    try (TinyHome tiny = new TinyHome()) {
      Process launcher =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  OneChild.class.getName(),
                  tiny.home.root().toString())
              .redirectErrorStream(true)
              .start();
      ProcessId child;
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(launcher.getInputStream(), StandardCharsets.UTF_8))) {
        String line = out.readLine();
        while (line != null && !line.startsWith("child ")) {
          line = out.readLine();
        }
        assertThat(line).isNotNull();
        child = ProcessId.of(Long.parseLong(String.valueOf(line).substring(6))).orElseThrow();
        assertThat(child.alive()).isTrue();
        launcher.destroyForcibly().waitFor();
      }
      Until.holds("the child is gone", () -> !child.alive());
    }
  }

  /** The launcher of that test. */
  static final class OneChild {
    private OneChild() {}

    public static void main(String[] args) throws Exception {
      HelmHome home = new HelmHome(Path.of(args[0]));
      Supervisor supervisor = new Supervisor(home, new Progress(System.out), () -> {});
      supervisor.start(
          List.of(
              ProcessSpec.of(
                  "worker",
                  List.of(
                      "/bin/bash", "-c", "trap '' TERM; echo ready; while true; do sleep 1; done"),
                  TinyHome.ENV,
                  new Readiness.OutputLine("ready"))));
      System.out.println("child " + supervisor.lives().getFirst().process().pid());
      supervisor.awaitStopped();
    }
  }

  private static RunState state(String boot, ProcessId child) {
    return new RunState(
        "0.1.0",
        Phase.HEALTHY,
        boot,
        ProcessId.self(),
        4356,
        "",
        false,
        true,
        List.of(new ChildState("worker", child, 0)));
  }
}
