package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Runs of the rollback scenarios, and what people do to them over REST. */
final class RollbackRuns implements AutoCloseable {
  private static final Path SCENARIOS = Path.of("src", "test", "resources", "rollback");

  final ServiceProcess service;
  private boolean ended;

  private RollbackRuns(ServiceProcess service) {
    this.service = service;
  }

  /** Everything; {@code metered} with a key proxy, so that model calls cost money. */
  static RollbackRuns start(Path home, boolean metered) throws Exception {
    RollbackRuns runs =
        new RollbackRuns(ServiceProcess.start(home, List.of(SCENARIOS), "", metered));
    ServiceProcess.Answer put =
        runs.service.putYaml(
            "/api/blueprints/rollback", Files.readString(SCENARIOS.resolve("blueprint.yaml")));
    if (put.status() != 201) {
      throw new AssertionError(put.toString());
    }
    return runs;
  }

  String start(String what) throws Exception {
    return service.run("rollback", Map.of("what", what));
  }

  static String data(JsonNode event, String member) {
    return event.path("data").path(member).asText();
  }

  /** The n-th permission that a run asks for. */
  JsonNode asked(String run, int n) {
    ServiceProcess.await("permission " + n + " of " + run, 90, () -> permissions(run).size() >= n);
    return permissions(run).get(n - 1);
  }

  private List<JsonNode> permissions(String run) {
    try {
      return service.events(run, "permission.requested");
    } catch (Exception e) {
      return List.of();
    }
  }

  /** Waits until a file of the workspace has this content. */
  void awaitFile(String run, String name, String content) {
    ServiceProcess.await(
        name,
        30,
        () -> {
          try {
            byte[] now =
                service.bytes("/api/runs/" + run + "/files/content?at=now&path=" + name).body();
            return new String(now, StandardCharsets.UTF_8).equals(content);
          } catch (IOException | InterruptedException e) {
            return false;
          }
        });
  }

  /** What the commands that look from the inside have said, in order. */
  List<String> looks(String run) throws Exception {
    return service.events(run, "tool.finished").stream()
        .map(event -> data(event, "result"))
        .filter(result -> result.contains("regular"))
        .toList();
  }

  ServiceProcess.Answer permission(JsonNode asked) throws Exception {
    return service.get("/api/permissions/" + data(asked, "permissionId"));
  }

  ServiceProcess.Answer allow(JsonNode asked) throws Exception {
    return service.post(
        "/api/permissions/" + data(asked, "permissionId"),
        Map.of("decision", "allow", "argumentsHash", data(asked, "argumentsHash")));
  }

  void deny(JsonNode asked) throws Exception {
    expect(
        200,
        service.post(
            "/api/permissions/" + data(asked, "permissionId"),
            Map.of("decision", "deny", "reason", "no")));
  }

  /** Takes a run back to a step; gives what has changed. */
  JsonNode rollback(String run, Object to) throws Exception {
    return expect(200, service.post("/api/runs/" + run + "/rollback", Map.of("to", to)));
  }

  void resume(String run) throws Exception {
    expect(202, service.post("/api/runs/" + run + "/resume", Map.of()));
  }

  static JsonNode expect(int status, ServiceProcess.Answer answer) {
    if (answer.status() != status) {
      throw new AssertionError(answer.toString());
    }
    return answer.body();
  }

  String spent(String run) throws Exception {
    return service.get("/api/runs/" + run).body().path("spentUsd").asText();
  }

  static void delete(Path tree) throws IOException {
    if (Files.exists(tree)) {
      try (Stream<Path> all = Files.walk(tree)) {
        all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
      }
    }
  }

  /** Ends every run, so that no container is left on the engine. */
  void end() throws Exception {
    if (ended) {
      return;
    }
    ended = true;
    for (JsonNode run : service.get("/api/runs?status=active").body().path("items")) {
      String id = run.path("id").asText();
      service.post("/api/runs/" + id + "/cancel", Map.of());
      service.awaitEnd(id);
    }
    service.down();
  }

  @Override
  public void close() throws Exception {
    end();
    service.close();
  }
}
