package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a gated call costs by the way that it takes, and what runs it holds in memory. */
final class CallRows {
  private static final int ROUNDS = 3;

  private CallRows() {}

  static Row calls(Path checkout) throws IOException, InterruptedException {
    List<JsonNode> mcp = new ArrayList<>();
    List<JsonNode> sdk = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      mcp.add(
          Program.json(
              Program.run(
                  checkout, "activities", "dev.helm.activities.mcp.McpBench", "100", "20")));
      sdk.add(
          Program.json(
              Program.run(
                  checkout, "activities", "dev.helm.activities.foreign.claude.ClaudeBench")));
    }
    double bash = median(mcp, "/nativeBashMs/p50");
    double stdio = median(mcp, "/mcpStdioMs/p50");
    double http = median(mcp, "/mcpHttpMs/p50");
    List<Double> ratios =
        mcp.stream()
            .map(
                round ->
                    Math.max(
                            round.at("/mcpStdioMs/p50").asDouble(),
                            round.at("/mcpHttpMs/p50").asDouble())
                        / round.at("/nativeBashMs/p50").asDouble())
            .toList();
    return new Row(
        "CALLS",
        "a gated tool call by path, from the gate to its result, p50; memory of what runs it",
        Stats.text(
            "MCP stdio %.1f ms, MCP HTTP %.1f ms, Claude runtime's Bash with its hooks %.0f ms;"
                + " an MCP server in Node %.0f MB, the Claude runtime %.0f MB",
            stdio, http, median(sdk, "/sdkHookMs/p50"), last(mcp), last(sdk)),
        Stats.text(
            "native Bash %.1f ms, Read %.1f ms; a run's container %.0f MB",
            bash, median(mcp, "/nativeReadMs/p50"), median(mcp, "/containersMb/0")),
        Stats.text("MCP %.2f× native Bash", Stats.median(ratios)),
        Stats.spread(ratios, "%.2f"),
        "MCP ≤ 2× native Bash",
        Stats.median(ratios) <= 2,
        Map.of("mcp", mcp, "sdk", sdk));
  }

  private static double median(List<JsonNode> rounds, String path) {
    return Stats.median(rounds.stream().map(round -> round.at(path).asDouble()).toList());
  }

  /** The largest container, which is the server's or the runtime's. */
  private static double last(List<JsonNode> rounds) {
    return Stats.median(
        rounds.stream()
            .map(round -> round.get("containersMb"))
            .map(each -> each.get(each.size() - 1).asDouble())
            .toList());
  }
}
