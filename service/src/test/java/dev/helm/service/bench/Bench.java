package dev.helm.service.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * {@code helm bench [rows…] [--write-docs]}: measures the rows, keeps each, prints the table. The
 * launcher script builds and finds the real parts and names them in the environment.
 */
public final class Bench {
  /** In this order: what needs a whole Helm comes last. */
  private static final List<String> ALL =
      List.of(
          "P1", "P2", "P4", "P5", "P6", "CALLS", "P7", "P7B", "P8", "P9", "P10", "M1", "S6",
          "SEARCH", "AUDIT", "P11", "P12");

  private final Path checkout;
  private final Report report;
  private final ProgramRows programs;
  private int failures;

  private Bench(Path checkout) throws IOException {
    this.checkout = checkout;
    this.report = new Report(checkout.resolve("target/helm/bench"));
    this.programs = new ProgramRows(checkout);
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> wanted = new ArrayList<>();
    for (String arg : args) {
      String row = arg.toUpperCase(Locale.ROOT);
      if (ALL.contains(row)) {
        wanted.add(row);
      } else if (!arg.startsWith("--")) {
        System.err.println("There is no row '" + arg + "'. There are: " + String.join(" ", ALL));
        System.exit(2);
      }
    }
    Bench bench = new Bench(Path.of(System.getenv("HELM_CHECKOUT")));
    bench.measure(wanted.isEmpty() ? ALL : wanted);
    String block = bench.report.markdown(ALL);
    System.out.println(block);
    Files.writeString(bench.checkout.resolve("target/helm/bench/table.md"), block);
    if (List.of(args).contains("--write-docs")) {
      Report.writeInto(bench.checkout.resolve("docs/benchmarks.md"), block);
    }
    System.exit(bench.failures == 0 ? 0 : 1);
  }

  private void measure(List<String> rows) throws InterruptedException {
    row(rows, "P1", programs::steps);
    row(rows, "P2", programs::decisions);
    row(rows, "P4", programs::appends);
    row(rows, "P5", programs::commands);
    row(rows, "P6", programs::claims);
    row(rows, "CALLS", () -> CallRows.calls(checkout));
    row(rows, "P7", programs::snapshots);
    row(rows, "P7B", programs::egress);
    row(rows, "P8", programs::keyProxy);
    row(rows, "P9", programs::manyRuns);
    row(rows, "P10", programs::turns);
    row(rows, "M1", programs::ledger);
    row(rows, "S6", programs::guard);
    row(rows, "SEARCH", () -> LogRows.search(checkout));
    row(rows, "AUDIT", () -> LogRows.audit(checkout));
    if (rows.contains("P11") || rows.contains("P12")) {
      System.err.println("▸ starting a whole Helm in a HELM_HOME of its own");
      try (LiveHelm helm = LiveHelm.start(checkout)) {
        row(rows, "P12", () -> IdleMemory.measure(helm)); // before anything has warmed it
        row(rows, "P11", () -> TerminalBench.measure(helm, checkout));
      } catch (IOException e) {
        failed("P11, P12", e);
      }
    }
  }

  private interface Measuring {
    Row measure() throws IOException, InterruptedException;
  }

  private void row(List<String> rows, String id, Measuring work) throws InterruptedException {
    if (!rows.contains(id)) {
      return;
    }
    double before = Report.load();
    long start = System.nanoTime();
    System.err.println(Stats.text("▸ %s · load %.1f", id, before));
    try {
      Row row = work.measure();
      report.keep(row, before, Report.load());
      System.err.println(
          Stats.text(
              "%s %s · %s · %s · %s · %d s",
              row.met() ? "✓" : "✗",
              id,
              row.ratio(),
              row.helm(),
              row.peer(),
              (System.nanoTime() - start) / 1_000_000_000));
    } catch (IOException e) {
      failed(id, e);
    }
  }

  private void failed(String id, IOException e) {
    failures++;
    System.err.println("✗ " + id + " · not measured · " + e.getMessage());
  }
}
