package dev.helm.service.audit;

import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipFile;

/**
 * What checkpoints cost: events a second with and without them, interleaved rounds, medians, one
 * ratio; and how fast helm verify is, beside sha256sum of the same bytes. Arguments: seconds a
 * round, rounds, events to verify.
 */
public final class AuditBench {
  private AuditBench() {}

  /** Runs both and prints them. */
  public static void main(String[] args) throws Exception {
    double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 3;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    int events = args.length > 2 ? Integer.parseInt(args[2]) : 100_000;
    double[] with = new double[rounds];
    double[] without = new double[rounds];
    appends(1, true);
    for (int i = 0; i < rounds; i++) {
      with[i] = appends(seconds, true);
      without[i] = appends(seconds, false);
      say("round %d: with %.0f/s, without %.0f/s", i + 1, with[i], without[i]);
    }
    say(
        "checkpoints: medians with %.0f events/s, without %.0f events/s, ratio %.3f",
        median(with), median(without), median(with) / median(without));
    verify(events);
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

  private static void verify(int events) throws Exception {
    Path home = Files.createTempDirectory("helm-audit-bench");
    try (Sealed sealed = new Sealed(home)) {
      String run = StoreFixture.run(sealed.store);
      String text = "x".repeat(400);
      for (int i = 1; i < events; i += 500) {
        int from = i;
        sealed
            .store
            .log()
            .append(
                run,
                java.util.stream.IntStream.range(from, Math.min(events, from + 500))
                    .mapToObj(n -> StoreFixture.output("o" + n, text))
                    .toList());
      }
      Path file = sealed.export(run);
      double[] took = new double[5];
      for (int i = 0; i < took.length; i++) {
        long start = System.nanoTime();
        if (!Sealed.verify(file).verified()) {
          throw new IllegalStateException("a clean bundle");
        }
        took[i] = (System.nanoTime() - start) / 1e9;
      }
      Path plain = home.resolve("events.jsonl");
      try (ZipFile zip = new ZipFile(file.toFile());
          OutputStream out = Files.newOutputStream(plain)) {
        zip.getInputStream(zip.getEntry("events.jsonl")).transferTo(out);
      }
      double[] sums = new double[5];
      for (int i = 0; i < sums.length; i++) {
        long start = System.nanoTime();
        new ProcessBuilder("sha256sum", plain.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
        sums[i] = (System.nanoTime() - start) / 1e9;
      }
      say(
          "verify: %d events (%d MB) in %.2f s, %.0f events/s; sha256sum of the same bytes %.2f s",
          events, Files.size(plain) >> 20, median(took), events / median(took), median(sums));
    } finally {
      delete(home);
    }
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void delete(Path tree) throws Exception {
    try (var paths = Files.walk(tree)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
