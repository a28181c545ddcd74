package dev.helm.activities.probes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.ToolCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Another run on the same machine, at steady work while the probes go on. */
final class Neighbour {
  private static final int PORT = 4711;
  private static final long WORK_MS = 3_600_000;
  private static final long ANSWER_MS = 30_000;

  private final Lab lab;
  private final SlotBox box;
  private final SlotBox.Going work;
  private final String life;
  private final int pid;
  private int asked;
  private long slowestMs;

  Neighbour(Lab lab) throws Exception {
    this.lab = lab;
    this.box = new SlotBox(lab, SandboxLimits.DEFAULT);
    Path home = lab.machine().workspace(box.run());
    Files.writeString(home.resolve("canary.txt"), lab.secret());
    this.life = box.slot().life();
    this.work =
        box.start(
            new ToolCommand(
                List.of("/usr/bin/python3", "/workspace/neighbour.py"),
                new byte[0],
                Map.of("PROBE_SECRET", lab.secret(), "PROBE_PORT", Integer.toString(PORT)),
                "/workspace",
                WORK_MS,
                1 << 20));
    work.sink().await("3\n");
    this.pid = Processes.find(box.container(), "neighbour.py");
    assertThat(pid).isPositive();
  }

  int port() {
    return PORT;
  }

  int pid() {
    return pid;
  }

  String container() {
    return box.container();
  }

  Path socket() {
    return box.sockets().resolve("x.sock");
  }

  Path file() {
    return box.workspace().resolve("canary.txt");
  }

  /** A tool call of the neighbour's own. */
  synchronized void answers() throws Exception {
    long began = System.nanoTime();
    String number = Integer.toString(++asked);
    assertThat(box.bash("echo answer " + number, ANSWER_MS)).startsWith("answer " + number + "\n");
    slowestMs = Math.max(slowestMs, (System.nanoTime() - began) / 1_000_000);
  }

  /** Ends its work and checks that it has lost nothing. */
  String lostNothing() throws Exception {
    String evidence = evidence();
    assertThat(box.slot().life()).as("the neighbour's container; %s", evidence).isEqualTo(life);
    Files.writeString(box.workspace().resolve("stop"), "");
    EffectOutcome outcome = work.end(60_000);
    evidence = outcome + "; " + evidence();
    assertThat(outcome)
        .as("end of the neighbour's work; %s", evidence)
        .isInstanceOf(EffectOutcome.Ended.class);
    EffectExit exit = ((EffectOutcome.Ended) outcome).exit();
    assertThat(exit.reason())
        .as("why the neighbour's work ended; %s", evidence)
        .isEqualTo(EffectExit.Reason.EXITED);
    assertThat(exit.code()).as("exit code of the neighbour's work; %s", evidence).isZero();
    List<String> ticks = Files.readAllLines(box.workspace().resolve("ticks.txt"));
    assertThat(work.sink().text())
        .as("what the neighbour said; %s", evidence)
        .isEqualTo(
            IntStream.rangeClosed(1, ticks.size())
                .mapToObj(n -> n + "\n")
                .collect(Collectors.joining("", "", "end " + ticks.size() + "\n")));
    assertThat(ticks)
        .as("what the neighbour wrote; %s", evidence)
        .isEqualTo(IntStream.rangeClosed(1, ticks.size()).mapToObj(Integer::toString).toList());
    assertThat(file()).as("the neighbour's file; %s", evidence).hasContent(lab.secret());
    assertThat(box.slot().life())
        .as("the neighbour's container afterwards; %s", evidence)
        .isEqualTo(life);
    return "neighbour: %d ticks without a gap, longest silence %d ms; %d calls answered, the slowest in %d ms"
        .formatted(ticks.size(), work.sink().longestPauseMs(), asked, slowestMs);
  }

  /** What tells afterwards who ended it: its last words, its container, the host. */
  private String evidence() {
    String text = work.sink().text();
    String last = text.substring(Math.max(0, text.length() - 600)).replace('\n', '|');
    String container = life.substring(0, life.indexOf('@'));
    return "it said last: "
        + last
        + "; "
        + lab.machine().stateOf(container)
        + "; this process has "
        + Processes.openFiles()
        + " open files; the host "
        + Processes.freeMemory();
  }
}
