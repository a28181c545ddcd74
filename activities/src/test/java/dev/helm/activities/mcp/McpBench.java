package dev.helm.activities.mcp;

import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.ImageLab;
import dev.helm.api.blueprint.McpServer;
import dev.helm.workflows.HelmJson;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A gated tool call by path, from the step of the activity to its answer: a native Read and a Bash
 * in the run's container, echo of the reference server as a program in a container, and over HTTP
 * on loopback. The log is in memory; the container, the gate and the servers are real. Prints one
 * JSON object, milliseconds. Arguments: calls of each kind, warm-up calls of each.
 */
public final class McpBench {
  private final McpRig rig;
  private final int calls;
  private final int warm;

  private McpBench(McpRig rig, int calls, int warm) {
    this.rig = rig;
    this.calls = calls;
    this.warm = warm;
  }

  /** Needs HELM_TEST_DOCKER_HOST, HELM_TEST_IMAGE and npm. */
  public static void main(String[] args) throws Exception {
    int calls = args.length > 0 ? Integer.parseInt(args[0]) : 200;
    int warm = args.length > 1 ? Integer.parseInt(args[1]) : 30;
    try (NpmServers.Http http = NpmServers.Http.everything();
        ImageLab lab = ImageLab.open()) {
      Map<String, McpServer> servers =
          Map.of(
              "stdio",
              ReferenceServersTest.server(
                  "npm:@modelcontextprotocol/server-everything@2026.8.31",
                  null,
                  List.of(),
                  List.of()),
              "http",
              ReferenceServersTest.server(null, http.url(), List.of(), List.of()));
      MemoryStore store =
          new MemoryStore(
              Plans.withServers(
                  Plans.rules(
                      List.of(),
                      List.of(),
                      List.of("mcp__stdio", "mcp__http", "Bash(true)", "Write", "Read")),
                  servers),
              "task");
      try (McpRig rig =
          new McpRig(
              store,
              new McpRig.MemoryPins(),
              lab.boxes(),
              NpmServers.LOOPBACK,
              Map.of(),
              new ImagePrograms(lab.images()),
              lab.sandbox())) {
        rig.told();
        Map<String, Object> measured = new McpBench(rig, calls, warm).measured();
        // The run's container and the one of the server.
        measured.put("containersMb", lab.megabytes());
        System.out.println(HelmJson.write(measured));
      }
    }
  }

  private Map<String, Object> measured() {
    rig.call("Write", "{\"file_path\":\"a.txt\",\"content\":\"hello\\n\"}");
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("calls", calls);
    all.put("nativeReadMs", of("Read", "{\"file_path\":\"a.txt\"}"));
    all.put("nativeBashMs", of("Bash", "{\"command\":\"true\"}"));
    all.put("mcpStdioMs", of("mcp__stdio__echo", "{\"message\":\"hello\"}"));
    all.put("mcpHttpMs", of("mcp__http__echo", "{\"message\":\"hello\"}"));
    return all;
  }

  private Map<String, Double> of(String tool, String arguments) {
    double[] ms = new double[calls];
    for (int i = -warm; i < calls; i++) {
      long began = System.nanoTime();
      String told = rig.told(rig.call(tool, arguments));
      double took = (System.nanoTime() - began) / 1e6;
      if (told.startsWith("Not allowed")) {
        throw new IllegalStateException(tool + ": " + told);
      }
      if (i >= 0) {
        ms[i] = took;
      }
    }
    Arrays.sort(ms);
    return Map.of("p50", at(ms, 0.5), "p95", at(ms, 0.95), "p99", at(ms, 0.99));
  }

  private static double at(double[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)];
  }
}
