package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The rows whose measuring programs stand in the modules that they measure. */
final class ProgramRows {
  private static final int ROUNDS = 3;
  private static final double MODEL_CALL_MS = 2000;
  private static final Pattern APPENDS =
      Pattern.compile(
          "round \\d+: helm (\\d+)/s in batches of ([0-9.]+), python (\\d+)/s, raw fsync (\\d+)/s");
  private static final Pattern STREAMS =
      Pattern.compile(
          "streams (\\d+) calls \\d+ first byte ms p50/p99: direct ([0-9.]+)/([0-9.]+), proxy"
              + " ([0-9.]+)/([0-9.]+), added p50 (-?[0-9.]+) p99 (-?[0-9.]+), ratio p50 ([0-9.]+)");

  private final Path checkout;
  private final List<JsonNode> sandbox = new ArrayList<>();

  ProgramRows(Path checkout) {
    this.checkout = checkout;
  }

  Row steps() throws IOException, InterruptedException {
    JsonNode rounds =
        Program.json(Program.run(checkout, "service", StepBench.class.getName(), "300", "3"))
            .get("rounds");
    List<Double> tuned = each(rounds, round -> round.at("/tuned/p50").asDouble());
    List<Double> tails = each(rounds, round -> round.at("/tuned/p99").asDouble());
    List<Double> untuned = each(rounds, round -> round.at("/untuned/p50").asDouble());
    List<Double> ratios =
        each(
            rounds,
            round -> round.at("/untuned/p50").asDouble() / round.at("/tuned/p50").asDouble());
    double p50 = Stats.median(tuned);
    double p99 = Stats.median(tails);
    double ratio = Stats.median(untuned) / p50;
    return new Row(
        "P1",
        "Temporal's share of a step: end of one activity to start of the next, real run workflow",
        Stats.text(
            "p50 %.1f ms, p99 %.1f ms; %.2f %% of a 2 s model call",
            p50, p99, 100 * p50 / MODEL_CALL_MS),
        Stats.text(
            "untuned dev server p50 %.1f ms, p99 %.1f ms",
            Stats.median(untuned),
            Stats.median(each(rounds, round -> round.at("/untuned/p99").asDouble()))),
        Stats.text("%.1f× below untuned", ratio),
        Stats.spread(ratios, "%.1f"),
        "p50 ≤ 12 ms, p99 ≤ 30 ms, ≥ 8× below, ≤ 1 % of a call",
        p50 <= 12 && p99 <= 30 && ratio >= 8,
        Map.of("rounds", rounds));
  }

  Row decisions() throws IOException, InterruptedException {
    JsonNode rounds =
        Program.json(
                Program.run(checkout, "service", DecisionBench.class.getName(), "100", "" + ROUNDS))
            .get("rounds");
    double p50 = Stats.median(each(rounds, round -> round.at("/allow/p50").asDouble()));
    double p99 = Stats.median(each(rounds, round -> round.at("/allow/p99").asDouble()));
    List<Double> ratios = each(rounds, round -> ratio(round, "/allow", "/signal"));
    return new Row(
        "P2",
        "tap on Allow to the start of the tool, over HTTP, with the log's commit",
        Stats.text("p50 %.1f ms, p99 %.1f ms", p50, p99),
        Stats.text(
            "a signal whose handler starts an activity, p50 %.1f ms; a person's reaction 200 ms",
            Stats.median(each(rounds, round -> round.at("/signal/p50").asDouble()))),
        Stats.text("%.2f× a signal", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "p50 ≤ 40 ms, p99 ≤ 120 ms",
        p50 <= 40 && p99 <= 120,
        Map.of("rounds", rounds));
  }

  Row appends() throws IOException, InterruptedException {
    String out =
        Program.run(checkout, "service", "dev.helm.service.store.LogBench", "3", "" + ROUNDS);
    List<List<Double>> rounds = matches(APPENDS, out);
    List<Double> ratios = rounds.stream().map(one -> one.get(0) / one.get(2)).toList();
    double helm = column(rounds, 0);
    double python = column(rounds, 2);
    return new Row(
        "P4",
        "durable appends, `synchronous=FULL`, group commit",
        Stats.text("%.0f events/s in commits of %.0f", helm, column(rounds, 1)),
        Stats.text(
            "the same work in Python's sqlite3 %.0f/s; raw fsync %.0f/s",
            python, column(rounds, 3)),
        Stats.text("%.2f× Python", helm / python),
        Stats.spread(ratios, "%.2f"),
        "≥ 0.8× the same work in Python",
        helm / python >= 0.8,
        Map.of("roundsHelmBatchPythonFsync", rounds));
  }

  Row commands() throws IOException, InterruptedException {
    List<JsonNode> rounds = sandbox();
    List<Double> ratios = each(rounds, round -> ratio(round, "/P5/executor", "/P5/processBuilder"));
    return new Row(
        "P5",
        "`/bin/true` in a run's warm container, start to outcome",
        Stats.text("p50 %.1f ms", median(rounds, "/P5/executor/p50") / 1000),
        Stats.text(
            "the JVM's own fork and exec on the host %.1f ms; engine exec %.0f ms",
            median(rounds, "/P5/processBuilder/p50") / 1000,
            median(rounds, "/P5/engineExec/p50") / 1000),
        Stats.text("%.2f× fork and exec", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "≤ 1.0× fork and exec",
        Stats.median(ratios) <= 1,
        Map.of("rounds", rounds));
  }

  Row claims() throws IOException, InterruptedException {
    List<JsonNode> rounds = sandbox();
    List<Double> ratios =
        each(rounds, round -> ratio(round, "/P6/poolClaim", "/P6/coldCreateAndStart"));
    return new Row(
        "P6",
        "container ready for a new run, from the pool",
        Stats.text("p50 %.1f ms", median(rounds, "/P6/poolClaim/p50") / 1000),
        Stats.text(
            "cold create and start %.0f ms", median(rounds, "/P6/coldCreateAndStart/p50") / 1000),
        Stats.text("%.3f× cold", Stats.median(ratios)),
        Stats.spread(ratios, "%.3f"),
        "≤ 0.05× cold",
        Stats.median(ratios) <= 0.05,
        Map.of("rounds", rounds));
  }

  Row snapshots() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(checkout.resolve("target/helm/bench"));
    JsonNode rounds =
        Program.json(
                Program.run(
                    checkout,
                    "activities",
                    "dev.helm.activities.snapshot.SnapshotBench",
                    folder.toString(),
                    "" + ROUNDS,
                    "15"))
            .get("rounds");
    List<Double> ratios = each(rounds, round -> milliseconds(round, "back", "walk"));
    double nothing = Stats.median(each(rounds, round -> milliseconds(round, "nothing", "walk")));
    return new Row(
        "P7",
        "snapshot of 5,000 files and 200 MB, and a rollback of 60 changes, until it is on the disk",
        Stats.text(
            "nothing changed %.1f ms (%.2f×), 60 changes %.1f ms; rollback %.1f ms, %.1f ms if no"
                + " snapshot held the changes",
            median(rounds, "nothing"),
            nothing,
            median(rounds, "sixty"),
            median(rounds, "back"),
            median(rounds, "backUnkept")),
        Stats.text(
            "stat walk %.1f ms; `git add`, nothing changed, %.1f ms",
            median(rounds, "walk"), median(rounds, "git")),
        Stats.text("rollback %.2f× a stat walk", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "≤ 1.5× and ≤ 2× a stat walk",
        nothing <= 1.5 && Stats.median(ratios) <= 2,
        Map.of("rounds", rounds));
  }

  private static double median(JsonNode rounds, String name) {
    return Stats.median(each(rounds, round -> round.get(name).asDouble()));
  }

  private static double milliseconds(JsonNode round, String name, String than) {
    return round.get(name).asDouble() / round.get(than).asDouble();
  }

  Row egress() throws IOException, InterruptedException {
    JsonNode rounds =
        Program.json(
                Program.run(checkout, "service", EgressBench.class.getName(), "300", "" + ROUNDS))
            .get("rounds");
    List<Double> ratios =
        each(
            rounds,
            round -> round.at("/proxy/p50").asDouble() / round.at("/direct/p50").asDouble());
    return new Row(
        "P7B",
        "new TLS connection through the egress proxy, `egress.allowed` committed before the dial",
        Stats.text(
            "p50 %.2f ms; without the commit %.2f ms",
            Stats.median(each(rounds, round -> round.at("/proxy/p50").asDouble())),
            Stats.median(each(rounds, round -> round.at("/unrecorded/p50").asDouble()))),
        Stats.text(
            "direct p50 %.2f ms",
            Stats.median(each(rounds, round -> round.at("/direct/p50").asDouble()))),
        Stats.text("%.2f× direct", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "≤ 1.7× direct",
        Stats.median(ratios) <= 1.7,
        Map.of("rounds", rounds));
  }

  Row keyProxy() throws IOException, InterruptedException {
    String main = "dev.helm.keyproxy.KeyProxyBench";
    List<List<Double>> bare = new ArrayList<>();
    List<List<Double>> reserved = new ArrayList<>();
    try (LedgerForProxy ledger = LedgerForProxy.open(checkout)) {
      for (int i = 0; i < ROUNDS; i++) {
        bare.addAll(matches(STREAMS, Program.run(checkout, "keyproxy", main, "300")));
        String socket = ledger.socketFile.toString();
        String secret = ledger.secretFile.toString();
        reserved.addAll(
            matches(
                STREAMS,
                Program.run(checkout, "keyproxy", main, "300", socket, secret, ledger.token)));
      }
    }
    List<List<Double>> one = of(bare, 1);
    double added = column(one, 5);
    double tail = column(of(bare, 10), 6);
    double durable = column(of(reserved, 1), 5);
    double durableTail = column(of(reserved, 10), 6);
    return new Row(
        "P8",
        "key proxy in front of a streamed call, first byte, 50 KB request",
        Stats.text(
            "adds p50 %.2f ms, with a durable reservation %.2f ms; at 10 streams p99 %.1f and %.1f"
                + " ms",
            added, durable, tail, durableTail),
        Stats.text("direct p50 %.2f ms", column(one, 1)),
        Stats.text("%.2f× direct", column(one, 7)),
        Stats.spread(one.stream().map(line -> line.get(7)).toList(), "%.2f"),
        "adds ≤ 1 ms and ≤ 3 ms; at 10 streams p99 ≤ 10 ms",
        added <= 1 && durable <= 3 && tail <= 10,
        Map.of("bare", bare, "reserved", reserved));
  }

  Row ledger() throws IOException, InterruptedException {
    JsonNode rounds =
        Program.json(
                Program.run(checkout, "service", LedgerBench.class.getName(), "3", "" + ROUNDS))
            .get("rounds");
    List<Double> ratios =
        each(rounds, round -> round.at("/sixCaps").asDouble() / round.at("/raw").asDouble());
    double one = Stats.median(each(rounds, round -> round.at("/oneCap").asDouble()));
    double six = Stats.median(each(rounds, round -> round.at("/sixCaps").asDouble()));
    double oneMany = Stats.median(each(rounds, round -> round.at("/oneCapMany").asDouble()));
    double sixMany = Stats.median(each(rounds, round -> round.at("/sixCapsMany").asDouble()));
    return new Row(
        "M1",
        "a model call's reservation and settlement, both durable, under six caps",
        Stats.text(
            "%.0f/s (under the run's cap alone %.0f/s); 64 callers %.0f/s (%.0f/s)",
            six, one, sixMany, oneMany),
        Stats.text(
            "two bare SQLite transactions %.0f/s",
            Stats.median(each(rounds, round -> round.at("/raw").asDouble()))),
        Stats.text("%.2f× bare, one caller", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "≥ 0.3× bare with one caller; 64 callers ≥ 300/s",
        Stats.median(ratios) >= 0.3 && sixMany >= 300,
        Map.of("rounds", rounds));
  }

  Row manyRuns() throws IOException, InterruptedException {
    JsonNode found =
        Program.json(
            Program.run(
                checkout, "service", ManyRunsBench.class.getName(), "100", "20", "3", "1000"));
    JsonNode rounds = found.get("rounds");
    List<Double> ratios =
        each(rounds, round -> round.path("helm").asDouble() / round.path("bare").asDouble());
    double helm = Stats.median(each(rounds, round -> round.path("helm").asDouble()));
    double bare = Stats.median(each(rounds, round -> round.path("bare").asDouble()));
    double untuned = found.path("untuned").asDouble();
    double heapMb = found.at("/waiting/heapMb").asDouble();
    double ratio = Stats.median(ratios);
    return new Row(
        "P9",
        "100 runs at once, 20 steps each, real run workflow; then 1,000 runs that wait for a person",
        Stats.text(
            "%.0f steps/s; %d waiting runs hold %.0f MB of heap and no container",
            helm, found.at("/waiting/runs").asInt(), heapMb),
        Stats.text("bare SDK loop %.0f steps/s; untuned server %.0f steps/s", bare, untuned),
        Stats.text("%.2f× bare, %.1f× untuned", ratio, helm / untuned),
        Stats.spread(ratios, "%.2f"),
        "≥ 0.9× bare, ≥ 3× untuned; 1,000 waiting runs ≤ 100 MB",
        ratio >= 0.9 && helm >= 3 * untuned && heapMb <= 100,
        Map.of("found", found));
  }

  Row turns() throws IOException, InterruptedException {
    List<JsonNode> rounds = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      String out = Program.run(checkout, "service", TurnsBench.class.getName(), "1000");
      rounds.add(Program.json(out));
    }
    List<Double> ratios =
        rounds.stream()
            .map(one -> one.at("/last/p50").asDouble() / one.at("/first/p50").asDouble())
            .toList();
    double last = Stats.median(rounds.stream().map(o -> o.at("/last/p50").asDouble()).toList());
    double first = Stats.median(rounds.stream().map(o -> o.at("/first/p50").asDouble()).toList());
    return new Row(
        "P10",
        "a run of 1,000 turns: Helm's time of a turn, the last 100 beside the first 100",
        Stats.text("last p50 %.1f ms", last),
        Stats.text("first p50 %.1f ms", first),
        Stats.text("%.2f× the first", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "≤ 1.1× the first",
        Stats.median(ratios) <= 1.1,
        Map.of("rounds", rounds));
  }

  private static List<List<Double>> of(List<List<Double>> lines, int streams) {
    return lines.stream().filter(line -> line.get(0) == streams).toList();
  }

  Row guard() throws IOException, InterruptedException {
    String main = "dev.helm.workflows.decide.guard.GuardBench";
    JsonNode rounds =
        Program.json(Program.run(checkout, "workflows", main, "" + ROUNDS)).get("rounds");
    List<Double> ratios = each(rounds, round -> ratio(round, "/guard", "/bash"));
    double p50 = Stats.median(each(rounds, round -> round.at("/guard/p50").asDouble())) / 1000;
    double p99 = Stats.median(each(rounds, round -> round.at("/guard/p99").asDouble())) / 1000;
    return new Row(
        "S6",
        "one judgement of the command guard, over its labelled lists",
        Stats.text("p50 %.3f ms, p99 %.2f ms", p50, p99),
        Stats.text(
            "`bash -n` p50 %.1f ms",
            Stats.median(each(rounds, round -> round.at("/bash/p50").asDouble())) / 1000),
        Stats.text("%.3f× bash -n", Stats.median(ratios)),
        Stats.spread(ratios, "%.3f"),
        "p50 ≤ 1 ms, ≤ 0.2× bash -n",
        p50 <= 1 && Stats.median(ratios) <= 0.2,
        Map.of("rounds", rounds));
  }

  private List<JsonNode> sandbox() throws IOException, InterruptedException {
    for (int i = sandbox.size(); i < ROUNDS; i++) {
      String main = "dev.helm.activities.sandbox.SandboxBench";
      sandbox.add(Program.json(Program.run(checkout, "activities", main, "150")));
    }
    return sandbox;
  }

  private static double ratio(JsonNode round, String first, String second) {
    return round.at(first + "/p50").asDouble() / round.at(second + "/p50").asDouble();
  }

  private static double median(List<JsonNode> rounds, String place) {
    return Stats.median(each(rounds, round -> round.at(place).asDouble()));
  }

  private static List<Double> each(Iterable<JsonNode> rounds, Function<JsonNode, Double> figure) {
    List<Double> all = new ArrayList<>();
    rounds.forEach(round -> all.add(figure.apply(round)));
    return all;
  }

  private static double column(List<List<Double>> lines, int index) {
    return Stats.median(lines.stream().map(line -> line.get(index)).toList());
  }

  private static List<List<Double>> matches(Pattern pattern, String out) throws IOException {
    List<List<Double>> lines = new ArrayList<>();
    Matcher matcher = pattern.matcher(out);
    while (matcher.find()) {
      List<Double> line = new ArrayList<>();
      for (int i = 1; i <= matcher.groupCount(); i++) {
        line.add(Double.valueOf(matcher.group(i)));
      }
      lines.add(line);
    }
    if (lines.isEmpty()) {
      throw new IOException("the program printed no figures:\n" + out);
    }
    return lines;
  }
}
