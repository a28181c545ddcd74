package dev.helm.cli.command;

import dev.helm.api.Usd;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm usage}. */
@Command(
    name = "helm usage",
    header = "helm usage --by blueprint --from 2026-11-01",
    description = "What was spent in your projects; the last 30 days by default.")
public final class UsageCommand extends HelmCommand {
  private static final List<String> KEYS = List.of("day", "blueprint", "model", "user");

  @Option(
      names = "--by",
      paramLabel = "WHAT",
      defaultValue = "day",
      description = "day, blueprint, model or user")
  String by = "day";

  @Option(
      names = "--from",
      paramLabel = "DAY",
      defaultValue = "",
      description = "first day, such as 2026-11-01")
  String from = "";

  @Option(names = "--to", paramLabel = "DAY", defaultValue = "", description = "last day")
  String to = "";

  @Override
  protected ExitCode run() {
    if (!KEYS.contains(by)) {
      throw Failure.usage(
          "Usage is not summed by \"" + SafeText.line(by) + "\".",
          "--by day, blueprint, model or user");
    }
    List<MoneyBodies.UsageRow> rows = new ArrayList<>();
    String cursor = "";
    do {
      Reply reply = client().usage(by, from, to, cursor);
      if (json) {
        out().line(reply.json());
      }
      rows.addAll(reply.items(MoneyBodies.UsageRow.class));
      cursor = reply.tree().get("nextCursor") instanceof String next ? next : "";
    } while (!cursor.isEmpty());
    if (!json) {
      show(rows);
    }
    return ExitCode.DONE;
  }

  private void show(List<MoneyBodies.UsageRow> rows) {
    if (rows.isEmpty()) {
      out().say("Nothing was spent in that time.");
      return;
    }
    Map<String, String> heads =
        Map.of("day", "DAY", "blueprint", "BLUEPRINT", "model", "MODEL", "user", "USER");
    Table table = new Table("lrrrrrr");
    table.row(
        heads.getOrDefault(by, ""),
        "COST",
        "INPUT",
        "OUTPUT",
        "CACHE READ",
        "CACHE WRITE",
        "CALLS");
    MoneyBodies.UsageRow sum = new MoneyBodies.UsageRow("total", Usd.ZERO, 0, 0, 0, 0, 0);
    for (MoneyBodies.UsageRow row : rows) {
      row(table, row);
      sum = plus(sum, row);
    }
    row(table, sum);
    table.print(out());
  }

  private static void row(Table table, MoneyBodies.UsageRow row) {
    table.row(
        row.key(),
        row.costUsd().shown(),
        String.valueOf(row.inputTokens()),
        String.valueOf(row.outputTokens()),
        String.valueOf(row.cacheReadTokens()),
        String.valueOf(row.cacheWriteTokens()),
        String.valueOf(row.calls()));
  }

  private static MoneyBodies.UsageRow plus(MoneyBodies.UsageRow sum, MoneyBodies.UsageRow row) {
    return new MoneyBodies.UsageRow(
        sum.key(),
        sum.costUsd().plus(row.costUsd()),
        sum.inputTokens() + row.inputTokens(),
        sum.outputTokens() + row.outputTokens(),
        sum.cacheReadTokens() + row.cacheReadTokens(),
        sum.cacheWriteTokens() + row.cacheWriteTokens(),
        sum.calls() + row.calls());
  }
}
