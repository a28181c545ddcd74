package dev.helm.service.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * P11: {@code ./helm status}, from the shell script's first line to the process's end, beside an
 * Ink program that does the same, a bare JVM and a bare Node; interleaved.
 */
final class TerminalBench {
  private static final int ROUNDS = 3;
  private static final int CALLS = 7;
  private static final double GOAL = 0.33;
  private static final String HELM = "helm";
  private static final String INK = "ink";

  private TerminalBench() {}

  static Row measure(LiveHelm helm, Path checkout) throws IOException, InterruptedException {
    Path ink = Files.createTempDirectory("helm-ink");
    try {
      Map<String, List<String>> commands = new LinkedHashMap<>();
      commands.put(HELM, List.of(helm.launcher().toString(), "status"));
      String noInk = installInk(checkout.resolve("cli/src/test/bench/ink-status"), ink);
      if (noInk.isEmpty()) {
        commands.put(INK, List.of("node", ink.resolve("status.js").toString()));
        commands.put("node", List.of("node", "-e", "0"));
      }
      commands.put("jvm", bareJvm());
      return row(rounds(commands, helm.surroundings()), noInk);
    } finally {
      Folders.delete(ink);
    }
  }

  private static Row row(List<Map<String, Double>> rounds, String noInk) throws IOException {
    boolean peer = noInk.isEmpty();
    List<Double> ours = each(rounds, HELM);
    List<Double> ratios =
        peer ? ratios(each(rounds, HELM), each(rounds, INK)) : List.of(Double.NaN);
    double ratio = peer ? Stats.median(ours) / Stats.median(each(rounds, INK)) : Double.NaN;
    String floor = Stats.text("bare JVM %.0f ms", Stats.median(each(rounds, "jvm")));
    String against =
        peer
            ? Stats.text(
                "Ink 6.8.0 on Node %s %.0f ms; floors: %s, bare Node %.0f ms",
                nodeVersion(),
                Stats.median(each(rounds, INK)),
                floor,
                Stats.median(each(rounds, "node")))
            : "Ink skipped: " + noInk + "; floor: " + floor;
    return new Row(
        "P11",
        "`./helm status`, whole wall time, script included",
        Stats.text("%.0f ms", Stats.median(ours)),
        against,
        peer ? Stats.text("%.2f× Ink", ratio) : "–",
        peer ? Stats.spread(ratios, "%.2f") : "–",
        "≤ 0.33× Ink",
        peer && ratio <= GOAL,
        Map.of("roundsMs", rounds));
  }

  private static List<Double> each(List<Map<String, Double>> rounds, String name) {
    return rounds.stream().map(one -> one.getOrDefault(name, Double.NaN)).toList();
  }

  private static List<Double> ratios(List<Double> first, List<Double> second) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      ratios.add(first.get(i) / second.get(i));
    }
    return ratios;
  }

  private static List<Map<String, Double>> rounds(
      Map<String, List<String>> commands, Map<String, String> env)
      throws IOException, InterruptedException {
    for (Map.Entry<String, List<String>> warm : commands.entrySet()) {
      double unused = run(warm.getValue(), env);
    }
    List<Map<String, Double>> rounds = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      Map<String, List<Double>> times = new LinkedHashMap<>();
      for (int call = 0; call < CALLS; call++) {
        for (Map.Entry<String, List<String>> one : commands.entrySet()) {
          times.computeIfAbsent(one.getKey(), _ -> new ArrayList<>()).add(run(one.getValue(), env));
        }
      }
      Map<String, Double> medians = new LinkedHashMap<>();
      times.forEach((name, values) -> medians.put(name, Stats.median(values)));
      rounds.add(medians);
    }
    return rounds;
  }

  /** Milliseconds of one whole process. */
  private static double run(List<String> argv, Map<String, String> env)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(argv)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(env);
    long start = System.nanoTime();
    int code = builder.start().waitFor();
    double took = (System.nanoTime() - start) / 1e6;
    if (code != 0) {
      throw new IOException(argv + " ended with " + code);
    }
    return took;
  }

  private static List<String> bareJvm() {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path").split(File.pathSeparator, 2)[0];
    return List.of(
        java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, Hello.class.getName());
  }

  /** Installs the peer from its lock file; why not, or nothing. */
  private static String installInk(Path from, Path to) throws IOException, InterruptedException {
    for (String name : List.of("package.json", "package-lock.json", "status.js")) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
    try {
      Process npm =
          new ProcessBuilder("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
              .directory(to.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!npm.waitFor(120, TimeUnit.SECONDS)) {
        npm.destroy();
        return "npm ci took over two minutes";
      }
      return npm.exitValue() == 0 ? "" : "npm ci failed in " + from;
    } catch (IOException e) {
      return "there is no npm on the PATH";
    }
  }

  private static String nodeVersion() throws IOException {
    Process node = new ProcessBuilder("node", "--version").start();
    return node.inputReader().readLine();
  }
}
