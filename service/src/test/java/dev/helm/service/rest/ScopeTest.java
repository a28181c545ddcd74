package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Role;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole of REST for somebody who sees one of two projects. */
class ScopeTest {
  private RunningService service;

  @BeforeEach
  void start() {
    service = RunningService.start();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private String runIn(String project) {
    assertThat(service.putYaml("of-" + project, yaml("of-" + project, project)).status())
        .isEqualTo(201);
    RunningService.Answer started =
        service.post("/api/runs", "{\"blueprint\":\"of-" + project + "\"}");
    assertThat(started.status()).isEqualTo(201);
    return started.text("id");
  }

  private static String yaml(String name, String project) {
    return RunningService.BRIEF.replace("name: brief", "name: " + name + "\nproject: " + project);
  }

  @Test
  void whatLiesInOtherProjectsIsNotFound() {
    String mine = runIn("infra-ops");
    String theirs = runIn("market-intel");
    String hash = service.backend().ask(theirs, "p-theirs");
    service.backend().ask(mine, "p-mine");
    service.backend().question(theirs, "q-theirs");
    service.as(service.person("ann", Map.of("infra-ops", Role.OWNER)));

    assertThat(service.get("/api/runs").json().path("items").findValuesAsText("id"))
        .containsExactly(mine);
    assertThat(service.get("/api/inbox").json().path("items").findValuesAsText("id"))
        .containsExactly("p-mine");
    assertThat(service.get("/api/status").json().path("activeRuns").asInt()).isEqualTo(1);
    assertThat(service.get("/api/blueprints").json().path("items").findValuesAsText("name"))
        .containsExactly("of-infra-ops");
    assertThat(service.get("/api/runs/" + mine).status()).isEqualTo(200);
    for (String path :
        List.of(
            "/api/runs/" + theirs,
            "/api/runs/" + theirs.substring(0, 20),
            "/api/runs/" + theirs + "/events",
            "/api/runs/" + theirs + "/messages",
            "/api/permissions/p-theirs",
            "/api/blueprints/of-market-intel",
            "/api/blueprints/of-market-intel/versions")) {
      assertThat(service.get(path).status()).as(path).isEqualTo(404);
    }
    refused("/api/runs/" + theirs + "/messages", "{\"text\":\"hello\"}");
    refused("/api/runs/" + theirs + "/pause", "");
    refused("/api/runs/" + theirs + "/resume", "");
    refused("/api/runs/" + theirs + "/cancel", "");
    refused("/api/runs/" + theirs + "/budget", "{\"addUsd\":\"1\"}");
    refused(
        "/api/permissions/p-theirs", "{\"decision\":\"allow\",\"argumentsHash\":\"" + hash + "\"}");
    refused("/api/questions/q-theirs", "{\"answer\":\"Q1\"}");
    refused("/api/runs", "{\"blueprint\":\"of-market-intel\"}");
    assertThat(service.delete("/api/runs/" + theirs + "/messages/m").status()).isEqualTo(404);
    assertThat(service.putYaml("new", yaml("new", "market-intel")).status()).isEqualTo(404);
    assertThat(
            service.putYaml("of-market-intel", yaml("of-market-intel", "infra-ops")).text("code"))
        .isEqualTo("conflict");

    service.as(null);
    assertThat(service.get("/api/runs/" + theirs).text("status")).isEqualTo("running");
    assertThat(service.get("/api/permissions/p-theirs").text("state")).isEqualTo("open");
  }

  private void refused(String path, String body) {
    assertThat(service.post(path, body).status()).as(path).isEqualTo(404);
  }
}
