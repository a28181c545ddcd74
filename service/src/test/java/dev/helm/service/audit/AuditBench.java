package dev.helm.service.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.zip.ZipFile;

/**
 * What checkpoints cost: events a second with and without them, interleaved rounds; and how fast
 * {@code helm verify} is, as a process of its own like {@code sha256sum} of the same bytes. Prints
 * one JSON object. Arguments: seconds a round, rounds, events to verify.
 */
public final class AuditBench {
  /** As the launcher starts {@code helm verify}. */
  private static final List<String> FLAGS =
      List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xms16m", "-Xmx1g");

  private AuditBench() {}

  /** Runs both and prints them. */
  public static void main(String[] args) throws Exception {
    double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 3;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    int events = args.length > 2 ? Integer.parseInt(args[2]) : 300_000;
    List<Map<String, Double>> appends = new ArrayList<>();
    double unusedWarm = appends(1, true);
    for (int i = 0; i < rounds; i++) {
      appends.add(Map.of("with", appends(seconds, true), "without", appends(seconds, false)));
    }
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("appends", appends);
    found.put("events", events);
    found.put("verify", verify(events, rounds));
    System.out.println(new ObjectMapper().writeValueAsString(found));
  }

  private static double appends(double seconds, boolean signed) throws Exception {
    Path home = Files.createTempDirectory("helm-audit-bench");
    try (Store store = Store.open(home, Clock.systemUTC());
        Audit audit =
            Audit.open(home, store, Clock.systemUTC(), "0.1.0", _ -> {}, (_, _, _) -> false);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      if (signed) {
        audit.start();
      }
      String run = StoreFixture.run(store);
      AtomicLong count = new AtomicLong();
      String text = "x".repeat(400);
      long start = System.nanoTime();
      long end = start + (long) (seconds * 1e9);
      for (int thread = 0; thread < 256; thread++) {
        int name = thread;
        pool.submit(
            () -> {
              for (int i = 0; System.nanoTime() < end; i++) {
                store.log().append(run, List.of(StoreFixture.output(name + "/" + i, text)));
                count.incrementAndGet();
              }
            });
      }
      pool.shutdown();
      pool.awaitTermination(1, TimeUnit.HOURS);
      return count.get() / ((System.nanoTime() - start) / 1e9);
    } finally {
      delete(home);
    }
  }

  /** Seconds of each round. */
  private static List<Map<String, Double>> verify(int events, int rounds) throws Exception {
    Path home = Files.createTempDirectory("helm-audit-bench");
    try {
      Path file;
      try (Sealed sealed = new Sealed(home)) {
        file = sealed.export(filled(sealed, events));
      }
      Path plain = home.resolve("events.jsonl");
      try (ZipFile zip = new ZipFile(file.toFile());
          OutputStream out = Files.newOutputStream(plain)) {
        zip.getInputStream(zip.getEntry("events.jsonl")).transferTo(out);
      }
      List<String> verify = new ArrayList<>();
      verify.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      verify.addAll(FLAGS);
      verify.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.helm.cli.Helm"));
      verify.addAll(List.of("verify", file.toString()));
      List<Map<String, Double>> all = new ArrayList<>();
      double unusedWarm = seconds(verify);
      for (int i = 0; i < rounds; i++) {
        all.add(
            Map.of(
                "verify", seconds(verify),
                "sha256sum", seconds(List.of("sha256sum", plain.toString()))));
      }
      return all;
    } finally {
      delete(home);
    }
  }

  private static String filled(Sealed sealed, int events) {
    String run = StoreFixture.run(sealed.store);
    String text = "x".repeat(400);
    for (int i = 1; i < events; i += 500) {
      sealed
          .store
          .log()
          .append(
              run,
              IntStream.range(i, Math.min(events, i + 500))
                  .mapToObj(n -> StoreFixture.output("o" + n, text))
                  .toList());
    }
    return run;
  }

  private static double seconds(List<String> command) throws Exception {
    long start = System.nanoTime();
    int exit =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()
            .waitFor();
    if (exit != 0) {
      throw new IllegalStateException(command.getLast() + " gave exit code " + exit);
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static void delete(Path tree) throws Exception {
    try (var paths = Files.walk(tree)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
