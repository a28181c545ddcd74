package dev.helm.workflows.decide.guard;

import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What a judgement costs, beside {@code bash -n} (a process that only parses) on the same commands.
 * Prints one JSON object; arguments: rounds.
 */
public final class GuardBench {
  private GuardBench() {}

  /** Runs the rounds. */
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> commands = new ArrayList<>();
    for (String list :
        List.of(
            "own-dangerous",
            "own-harmless",
            "blind-a-dangerous",
            "blind-a-harmless",
            "blind-b-dangerous",
            "blind-b-harmless")) {
      for (String line :
          Files.readAllLines(Path.of("src/test/resources/guard/" + list + ".jsonl"))) {
        commands.add(String.valueOf(HelmJson.readObject(line).get("command")));
      }
    }
    int rounds = args.length == 0 ? 3 : Integer.parseInt(args[0]);
    commands.forEach(CommandGuard::judge);
    List<Map<String, Object>> figures = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      figures.add(Map.of("guard", guard(commands), "bash", bash(commands)));
    }
    System.out.println(HelmJson.mapper().writeValueAsString(Map.of("rounds", figures)));
  }

  private static Map<String, Long> guard(List<String> commands) {
    long[] nanos = new long[commands.size()];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      CommandGuard.judge(commands.get(i));
      nanos[i] = System.nanoTime() - start;
    }
    return micros(nanos);
  }

  private static Map<String, Long> bash(List<String> commands)
      throws IOException, InterruptedException {
    int step = Math.max(1, commands.size() / 100);
    long[] nanos = new long[commands.size() / step];
    for (int i = 0; i < nanos.length; i++) {
      ProcessBuilder bash =
          new ProcessBuilder("bash", "-n", "-c", commands.get(i * step))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      long start = System.nanoTime();
      bash.start().waitFor();
      nanos[i] = System.nanoTime() - start;
    }
    return micros(nanos);
  }

  private static Map<String, Long> micros(long[] nanos) {
    Arrays.sort(nanos);
    return Map.of(
        "p50", nanos[nanos.length / 2] / 1_000, "p99", nanos[nanos.length * 99 / 100] / 1_000);
  }
}
