package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.service.HelmService;
import dev.helm.workflows.HelmJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenApiTest {
  private static final Path COMMITTED = Path.of("..", "docs", "openapi.json");

  @Test
  void itIsTheCommittedDocument() throws Exception {
    String made = OpenApiDocument.json(HelmService.VERSION);
    if (Boolean.getBoolean("helm.openapi.write")) {
      Files.writeString(COMMITTED, made);
    }
    assertThat(Files.readString(COMMITTED))
        .as("run this test with -Dhelm.openapi.write=true to write docs/openapi.json anew")
        .isEqualTo(made);
    assertThat(OpenApiDocument.json(HelmService.VERSION)).isEqualTo(made);
  }

  @Test
  void itNamesEveryCallOfThisVersionWithItsProblemAnswer() throws Exception {
    JsonNode document = HelmJson.mapper().readTree(OpenApiDocument.json(HelmService.VERSION));
    assertThat(document.path("openapi").asText()).startsWith("3.1");
    Map<String, List<String>> calls =
        Map.ofEntries(
            Map.entry("/api/auth/login", List.of("post")),
            Map.entry("/api/auth/logout", List.of("post")),
            Map.entry("/api/auth/password", List.of("post")),
            Map.entry("/api/auth/challenge", List.of("post")),
            Map.entry("/api/auth/refresh", List.of("post")),
            Map.entry("/api/users", List.of("get", "post")),
            Map.entry("/api/users/{id}", List.of("get", "patch")),
            Map.entry("/api/users/{id}/password", List.of("post")),
            Map.entry("/api/devices", List.of("get", "post")),
            Map.entry("/api/devices/{id}", List.of("delete")),
            Map.entry("/api/secrets", List.of("get")),
            Map.entry("/api/secrets/{project}/{name}", List.of("put", "delete")),
            Map.entry("/api/tokens", List.of("get", "post")),
            Map.entry("/api/tokens/{id}", List.of("delete")),
            Map.entry("/api/auth/ticket", List.of("post")),
            Map.entry("/api/health", List.of("get")),
            Map.entry("/api/status", List.of("get")),
            Map.entry("/api/runs", List.of("get", "post")),
            Map.entry("/api/search", List.of("get")),
            Map.entry("/api/runs/{id}", List.of("get")),
            Map.entry("/api/runs/{id}/events", List.of("get")),
            Map.entry("/api/runs/{id}/messages", List.of("get", "post")),
            Map.entry("/api/runs/{id}/messages/{message}", List.of("delete")),
            Map.entry("/api/runs/{id}/pause", List.of("post")),
            Map.entry("/api/runs/{id}/resume", List.of("post")),
            Map.entry("/api/runs/{id}/cancel", List.of("post")),
            Map.entry("/api/runs/{id}/budget", List.of("post")),
            Map.entry("/api/stop", List.of("post")),
            Map.entry("/api/runs/{id}/files", List.of("get")),
            Map.entry("/api/runs/{id}/files/content", List.of("get")),
            Map.entry("/api/runs/{id}/diff", List.of("get")),
            Map.entry("/api/runs/{id}/snapshots", List.of("get")),
            Map.entry("/api/runs/{id}/rollback", List.of("post")),
            Map.entry("/api/runs/{id}/fork", List.of("post")),
            Map.entry("/api/inbox", List.of("get")),
            Map.entry("/api/permissions/{id}", List.of("get", "post")),
            Map.entry("/api/rules", List.of("get")),
            Map.entry("/api/rules/{id}", List.of("delete")),
            Map.entry("/api/questions/{id}", List.of("post")),
            Map.entry("/api/blueprints", List.of("get")),
            Map.entry("/api/blueprints/{name}", List.of("get", "put")),
            Map.entry("/api/blueprints/{name}/versions", List.of("get")),
            Map.entry("/api/blueprints/{name}/source", List.of("get")),
            Map.entry("/api/blueprints/{name}/diff", List.of("get")),
            Map.entry("/api/blueprints/validate", List.of("post")),
            Map.entry("/api/schedules", List.of("get", "post")),
            Map.entry("/api/schedules/{id}", List.of("get", "patch", "delete")),
            Map.entry("/api/schedules/{id}/trigger", List.of("post")),
            Map.entry("/api/audit", List.of("get")),
            Map.entry("/api/audit/key", List.of("get")),
            Map.entry("/api/audit/checkpoints", List.of("get")),
            Map.entry("/api/audit/export", List.of("get")),
            Map.entry("/api/runs/{id}/checkpoints", List.of("get")),
            Map.entry("/api/runs/{id}/export", List.of("get")),
            Map.entry("/api/budgets", List.of("get")),
            Map.entry("/api/budgets/{scope}", List.of("put")),
            Map.entry("/api/usage", List.of("get")),
            Map.entry("/api/stream", List.of("get")));
    assertThat(names(document.path("paths"))).containsExactlyInAnyOrderElementsOf(calls.keySet());
    List<String> ids = new ArrayList<>();
    calls.forEach(
        (path, methods) -> {
          JsonNode item = document.path("paths").path(path);
          assertThat(names(item)).as(path).containsExactlyInAnyOrderElementsOf(methods);
          for (String method : methods) {
            JsonNode call = item.path(method);
            ids.add(call.path("operationId").asText());
            assertThat(
                    call.at("/responses/default/content/application~1problem+json/schema/$ref")
                        .asText())
                .as(path)
                .isEqualTo("#/components/schemas/Problem");
            assertThat(names(call.path("responses"))).as(path).hasSizeGreaterThanOrEqualTo(2);
            boolean keyed = call.toString().contains("\"Idempotency-Key\"");
            boolean exempt =
                !method.equals("post")
                    || path.startsWith("/api/auth")
                    || path.endsWith("/validate");
            assertThat(keyed).as(method + " " + path).isEqualTo(!exempt);
          }
        });
    assertThat(ids).doesNotHaveDuplicates();
    JsonNode money = document.at("/components/schemas/Run/properties/spentUsd");
    assertThat(money.path("type").asText()).isEqualTo("string");
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
