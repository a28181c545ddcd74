package dev.helm.activities.probes;

import static dev.helm.activities.probes.Attack.of;
import static dev.helm.activities.probes.Lacking.LIMITS;

import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** More than one's share of the machine, and more than one's time. */
final class ResourceProbes {
  private static final long CAP_BYTES = 1 << 20;
  private static final int FLOOD_MIB = 100;
  private static final int ZOMBIES = 40;
  private static final int LOOKS = 30;

  private ResourceProbes() {}

  static List<Probe> all() {
    return Stream.of(
            shares().stream().map(Attack::probe),
            Stream.of(
                bomb(),
                cpu(),
                flood("share.flood", "floods its output with zeros", "\0"),
                flood("share.endless-line", "writes one line without an end", "x"),
                drip(),
                zombies(),
                stays("stay.daemon", "leaves a daemon behind"),
                stays("stay.fork-racer", "leaves one behind that is a new process each moment"),
                deadline()))
        .flatMap(probes -> probes)
        .toList();
  }

  private static List<Attack> shares() {
    return List.of(
        of("share.processes", "forks until it is refused", "limit of processes", LIMITS)
            .given("most", 300)
            .heavy()
            .stoppedBy("EAGAIN after \\d\\d processes"),
        of("share.memory", "touches twice the memory that it may", "limit of memory", LIMITS)
            .given("mib", 400)
            .heavy()
            .stoppedBy("SIGNALLED -9|ENOMEM"),
        of("share.tmp", "fills /tmp", "size of the tmpfs", LIMITS)
            .given("mib", 300)
            .weighs()
            .stoppedBy("ENOSPC after 25\\d MiB"),
        of("share.shm", "fills /dev/shm", "size of shared memory", LIMITS)
            .given("mib", 100)
            .weighs()
            .stoppedBy("ENOSPC after 6\\d MiB"),
        of("share.descriptors", "opens files until it is refused", "limit of open files", LIMITS)
            .given("most", 5000)
            .weighs()
            .stoppedBy("EMFILE after 40\\d\\d files"),
        of(
                "share.disk",
                "takes more disk than its workspace may have",
                "the workspace is a bounded file system",
                LIMITS)
            .given("mib", 2 * ProbeDisks.MIB)
            .heavy()
            .stoppedBy("ENOSPC|EDQUOT"),
        of(
                "share.inodes",
                "makes more files than its workspace may have",
                "the workspace is a bounded file system",
                LIMITS)
            .given("files", 2 * ProbeDisks.FILES)
            .heavy()
            .stoppedBy("ENOSPC|EDQUOT"));
  }

  private static Probe custom(
      String name,
      String attack,
      String safeguard,
      Lacking lacking,
      String seen,
      String stopped,
      Trial slot,
      Trial control) {
    return new Probe(
        name, attack, safeguard, lacking, seen, Pattern.compile(stopped), slot, control);
  }

  /** The real bomb in the slot; the control only counts, for the machine's sake. */
  private static Probe bomb() {
    return custom(
        "share.fork-bomb",
        "a fork bomb (the control forks 300 sleepers)",
        "limit of processes",
        LIMITS,
        "processes in the container, counted by the host",
        "at most \\d\\d processes",
        lab -> {
          SlotBox box = lab.slot(Lab.SMALL);
          return lab.whileNeighbourAnswers(box, () -> explode(box));
        },
        lab -> {
          String said = lab.fixture(LIMITS).attack("share.processes", Map.of("most", 300), 60_000);
          return Verdict.of(said.startsWith("REACHED 300"), said);
        });
  }

  /** However busy the machine is: a container that has a limit is held back, another is not. */
  private static Probe cpu() {
    Map<String, Object> given = Map.of("processes", 3, "seconds", 2, "allowed", 0.17);
    return custom(
        "share.cpu",
        "burns on three processes, with leave for a tenth of a CPU",
        "limit of CPU time",
        LIMITS,
        "the time that they got; how often the kernel held the group back",
        "STOPPED 0\\.[01]\\d of a CPU",
        lab -> {
          SlotBox box = lab.slot(Lab.SLOW);
          return lab.whileNeighbourAnswers(
              box,
              () -> {
                String said = box.attack("share.cpu", given, 60_000);
                return Verdict.of(said.contains("REACHED"), said);
              });
        },
        lab -> {
          Fixture fixture = lab.fixture(LIMITS);
          long before = Cgroups.heldBack(fixture.pid());
          String said = fixture.attack("share.cpu", given, 60_000);
          long times = Cgroups.heldBack(fixture.pid()) - before;
          return Verdict.of(times == 0, said + "; held back " + times + " times");
        });
  }

  private static Verdict explode(SlotBox box) throws Exception {
    SlotBox.Going going =
        box.start(SlotBox.command("bomb() { bomb | bomb & }; bomb; sleep 60", 2_000));
    int most = 0;
    while (!going.execution().outcome().isDone()) {
      most = Math.max(most, Processes.in(box.container()).size());
      pause(50);
    }
    EffectOutcome outcome = going.end(60_000);
    int left = Processes.in(box.container()).size();
    return Verdict.of(
        most > Lab.SMALL.pids() || left > 1,
        "at most " + most + " processes, " + left + " afterwards; " + outcome);
  }

  private static Probe flood(String name, String attack, String character) {
    Map<String, Object> given = Map.of("mib", FLOOD_MIB, "byte", character);
    return custom(
        name,
        attack,
        "output cap; the executor ends what goes far beyond it",
        Lacking.ADMISSION,
        "bytes that reached the host",
        "KILLED",
        lab ->
            lab.whileNeighbourAnswers(
                lab.attacker(),
                () -> {
                  SlotBox.Going going =
                      lab.attacker()
                          .start(
                              SlotBox.command(SlotBox.attackScript("share.flood", given), 60_000)
                                  .withCapBytes(CAP_BYTES));
                  EffectExit exit = exit(going.end(120_000));
                  return Verdict.of(
                      going.sink().size() > CAP_BYTES || exit.reason() != EffectExit.Reason.KILLED,
                      going.sink().size() + " bytes kept; " + exit);
                }),
        lab -> {
          String said = lab.fixture(Lacking.ADMISSION).attack("share.flood", given, 60_000);
          String end = said.substring(Math.max(0, said.length() - 60));
          return Verdict.of(bytes(said) > (long) FLOOD_MIB << 20, end);
        });
  }

  private static long bytes(String said) {
    return Long.parseLong(said.replaceAll("(?s).*\\[(\\d+) bytes\\]$", "$1"));
  }

  private static Probe drip() {
    return custom(
        "stay.drip",
        "drips output for longer than its time",
        "deadline, whatever the command says meanwhile",
        Lacking.ADMISSION,
        "how it ended",
        "TIMED_OUT",
        lab -> {
          String said = lab.attacker().attack("share.drip", Map.of("seconds", 30), 1_000);
          return Verdict.of(said.contains("dripped to the end"), said);
        },
        lab -> {
          String said =
              lab.fixture(Lacking.ADMISSION).attack("share.drip", Map.of("seconds", 3), 60_000);
          return Verdict.of(said.contains("dripped to the end"), said);
        });
  }

  private static Probe zombies() {
    Map<String, Object> given = Map.of("count", ZOMBIES);
    return custom(
        "stay.zombies",
        "leaves zombies",
        "the executor reaps as PID 1",
        Lacking.HIDDEN_INIT,
        "zombies in the container, counted by the host",
        "0 zombies",
        lab -> zombies(lab.attacker(), given),
        lab -> {
          Fixture fixture = lab.freshFixture(Lacking.HIDDEN_INIT);
          try {
            return zombies(fixture, given);
          } finally {
            lab.discard(fixture);
          }
        });
  }

  private static Verdict zombies(Box box, Map<String, Object> given) throws Exception {
    String said = box.attack("share.zombies", given, 60_000);
    long zombies = Processes.zombies(box.container());
    return Verdict.of(zombies > 0, zombies + " zombies; " + said);
  }

  private static Probe stays(String name, String attack) {
    return custom(
        name,
        attack,
        "the executor sweeps at each command's end",
        LIMITS,
        "processes in the container, counted by the host, and what they write",
        "0 left, silent",
        lab ->
            lab.whileNeighbourAnswers(
                lab.slot(Lab.SMALL), () -> left(lab.slot(Lab.SMALL), name, lab.slot(Lab.SMALL))),
        lab -> {
          Fixture fixture = lab.freshFixture(LIMITS);
          try {
            return left(fixture, name, fixture);
          } finally {
            lab.discard(fixture);
          }
        });
  }

  /** What is a new process each moment can hide from any look at /proc, but not what it writes. */
  private static Verdict left(Box attacked, String name, Box seen) throws Exception {
    String said = attacked.attack(name, Map.of(), 60_000);
    Path beat = seen.workspace().resolve("beat");
    long written = size(beat);
    int left = 0;
    boolean writes = false;
    for (int i = 0; i < LOOKS && !writes; i++) {
      left = Math.max(left, Processes.in(seen.container()).size() - 1);
      pause(20);
      writes = size(beat) != written;
    }
    return Verdict.of(
        left > 0 || writes, left + " left, " + (writes ? "writes on; " : "silent; ") + said);
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  private static Probe deadline() {
    return custom(
        "stay.past-deadline",
        "ignores TERM when its time is up",
        "the executor kills, and sweeps",
        LIMITS,
        "processes in the container, counted by the host",
        "0 left.*TIMED_OUT",
        lab -> {
          String said = lab.attacker().attack("stay.past-deadline", Map.of(), 1_000);
          int left = Processes.in(lab.attacker().container()).size() - 1;
          return Verdict.of(left > 0, left + " left; " + said);
        },
        lab -> {
          Fixture fixture = lab.freshFixture(LIMITS);
          try {
            String said = fixture.bash("timeout 1 python3 probe.py stay.past-deadline '{}'", 3_000);
            int left = Processes.in(fixture.container()).size() - 1;
            return Verdict.of(left > 0, left + " left; " + said);
          } finally {
            lab.discard(fixture);
          }
        });
  }

  static EffectExit exit(EffectOutcome outcome) {
    return switch (outcome) {
      case EffectOutcome.Ended ended -> ended.exit();
      case EffectOutcome.Lost lost -> throw new AssertionError(lost);
    };
  }

  /** Between two looks of a witness. */
  static void pause(long ms) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ms));
  }
}
