package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The rows of what is made from the log: the index, and the proofs. */
final class LogRows {
  private static final int ROUNDS = 3;
  private static final double VERIFIED_PER_SECOND = 100_000;

  private LogRows() {}

  static Row search(Path checkout) throws IOException, InterruptedException {
    JsonNode found =
        Program.json(
            Program.run(
                checkout, "service", "dev.helm.service.search.SearchBench", "200000", "21", "2"));
    List<Double> medians = each(found.get("cases"), one -> one.get("p50").asDouble());
    double like = found.at("/cases/0/like").asDouble();
    double kept =
        Stats.median(each(found.get("with"), JsonNode::asDouble))
            / Stats.median(each(found.get("without"), JsonNode::asDouble));
    double slowest = Stats.percentile(medians, 100);
    return new Row(
        "SEARCH",
        "a search over " + found.get("events").asLong() + " events, p50 of each of eight queries",
        Stats.text(
            "%.2f–%.2f ms; indexing %.0f events/s; appends keep %.2f of their speed",
            Stats.percentile(medians, 0), slowest, found.get("indexedPerSecond").asDouble(), kept),
        Stats.text("LIKE over the log for a word of one event %.0f ms", like),
        Stats.text("%.4f× LIKE", medians.getFirst() / like),
        Stats.spread(medians, "%.2f"),
        "each p50 ≤ 10 ms, appends ≥ 0.8",
        slowest <= 10 && kept >= 0.8,
        Map.of("figures", found));
  }

  static Row audit(Path checkout) throws IOException, InterruptedException {
    JsonNode found =
        Program.json(
            Program.run(
                checkout, "service", "dev.helm.service.audit.AuditBench", "3", "" + ROUNDS));
    double events = found.get("events").asDouble();
    List<Double> perSecond =
        each(found.get("verify"), round -> events / round.get("verify").asDouble());
    List<Double> ratios =
        each(
            found.get("verify"),
            round -> round.get("verify").asDouble() / round.get("sha256sum").asDouble());
    double kept =
        Stats.median(
            each(
                found.get("appends"),
                round -> round.get("with").asDouble() / round.get("without").asDouble()));
    return new Row(
        "AUDIT",
        Stats.text("`helm verify` of a log of %.0f events, whole process", events),
        Stats.text(
            "%.0f events/s; appends with checkpoints keep %.2f of their speed",
            Stats.median(perSecond), kept),
        Stats.text(
            "sha256sum of the same bytes %.2f s",
            Stats.median(each(found.get("verify"), round -> round.get("sha256sum").asDouble()))),
        Stats.text("%.1f× sha256sum", Stats.median(ratios)),
        Stats.spread(ratios, "%.1f"),
        "≥ 100,000 events/s",
        Stats.median(perSecond) >= VERIFIED_PER_SECOND,
        Map.of("figures", found));
  }

  private static List<Double> each(JsonNode all, ToDoubleFunction<JsonNode> figure) {
    List<Double> values = new ArrayList<>();
    all.forEach(one -> values.add(figure.applyAsDouble(one)));
    return values;
  }
}
