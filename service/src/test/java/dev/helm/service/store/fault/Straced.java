package dev.helm.service.store.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.LoggedEvent;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Runs {@link FaultedWriter} under strace, and compares what it said with what is on disk. */
final class Straced {
  private static final Pattern FILE =
      Pattern.compile("/(helm\\.db(-wal|-journal)?|[a-z]+\\.key|key[0-9]+\\.new)>");

  private Straced() {}

  /** An event that the writer called stored. */
  record Ack(long seq, String text, String blob) {}

  /**
   * What a life said.
   *
   * @param injected the calls that got the fault, as strace shows them, with their files
   */
  record Life(List<String> lines, List<Ack> acks, List<String> injected) {
    /** Whether a file's own call failed; SQLite passes over one of a folder. */
    boolean hitFile() {
      return injected.stream().anyMatch(line -> FILE.matcher(line).find());
    }

    /** The rest of the one line that begins so, or null. */
    String said(String begin) {
      return lines.stream()
          .filter(line -> line.startsWith(begin))
          .map(line -> line.substring(begin.length()))
          .findFirst()
          .orElse("");
    }

    boolean refused() {
      return lines.stream().anyMatch(line -> line.startsWith("refused"));
    }
  }

  static void needed() {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/strace")), "strace is not installed");
  }

  static Life life(Path home, String calls, String fault, String... args)
      throws IOException, InterruptedException {
    return lifeOf(home, null, calls, fault, args);
  }

  /** Faults only in calls on one file of the home. */
  static Life lifeOf(Path home, @Nullable String file, String calls, String fault, String... args)
      throws IOException, InterruptedException {
    Path trace = Files.createTempFile("helm-strace", ".txt");
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "/usr/bin/strace",
                  "-f",
                  "-y",
                  // With the quick way strace 6.1 sends no signals.
                  fault.startsWith("signal") ? "-a0" : "--seccomp-bpf",
                  "-qq",
                  "-o",
                  trace.toString(),
                  "-e",
                  "trace=" + calls,
                  "-e",
                  "inject=" + calls + ":" + fault));
      if (file != null) {
        command.addAll(List.of("-P", home.resolve(file).toString()));
      }
      command.addAll(java(home, args));
      Life life = run(command);
      List<String> injected =
          Files.readAllLines(trace, StandardCharsets.ISO_8859_1).stream()
              .filter(line -> line.contains("(INJECTED)") || line.contains("+++ killed by SIGKILL"))
              .toList();
      return new Life(life.lines(), life.acks(), injected);
    } finally {
      Files.delete(trace);
    }
  }

  /** A life without strace. */
  static Life unharmed(Path home, String... args) throws IOException, InterruptedException {
    return run(java(home, args));
  }

  private static List<String> java(Path home, String... args) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                FaultedWriter.class.getName(),
                home.toString()));
    command.addAll(List.of(args));
    return command;
  }

  private static Life run(List<String> command) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    List<String> lines = new ArrayList<>();
    List<Ack> acks = new ArrayList<>();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
        String[] parts = line.split(" ", -1);
        // A line that the kill cut off acknowledged nothing.
        if (parts.length == 5 && parts[0].equals("ack") && parts[4].equals(".")) {
          acks.add(new Ack(Long.parseLong(parts[1]), parts[2], parts[3]));
        }
      }
    }
    assertThat(child.waitFor(60, TimeUnit.SECONDS)).as("the writer ends").isTrue();
    return new Life(lines, acks, List.of());
  }

  /** Opens the store as a start does; acked is a part of what is stored, and the chain is whole. */
  static void verify(Path home, List<Ack> acks, String as) {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      List<String> runs = store.queries().activeRunIds();
      if (runs.isEmpty()) {
        assertThat(acks).as(as).isEmpty();
        return;
      }
      List<LoggedEvent> log = log(store, runs.getFirst());
      whole(log, as);
      for (Ack ack : acks) {
        assertThat(log.size())
            .as(as + ": event %d", ack.seq())
            .isGreaterThanOrEqualTo((int) ack.seq());
        assertThat(String.valueOf(log.get((int) ack.seq() - 1).data().get("text")))
            .as(as + ": event %d", ack.seq())
            .isEqualTo(ack.text());
        assertThat(store.blobs().get(ack.blob())).as(as + ": blob of %d", ack.seq()).isNotNull();
      }
      // Nothing that an injected fault left behind keeps the log from going on.
      store
          .log()
          .append(runs.getFirst(), List.of(dev.helm.service.store.StoreFixture.turn(log.size())));
    }
  }

  static List<LoggedEvent> log(Store store, String run) {
    List<LoggedEvent> log = new ArrayList<>();
    List<LoggedEvent> page;
    do {
      page = store.queries().events(Access.system(), run, log.size(), 1_000, Set.of()).items();
      log.addAll(page);
    } while (!page.isEmpty());
    return log;
  }

  /** Numbers without a gap, each hash right and carried on. */
  static void whole(List<LoggedEvent> log, String as) {
    String prev = LoggedEvent.NO_PREV;
    for (int i = 0; i < log.size(); i++) {
      assertThat(log.get(i).seq()).as(as).isEqualTo(i + 1);
      assertThat(log.get(i).prev()).as(as).isEqualTo(prev);
      assertThat(log.get(i).computedHash()).as(as).isEqualTo(log.get(i).hash());
      prev = log.get(i).hash();
    }
  }
}
