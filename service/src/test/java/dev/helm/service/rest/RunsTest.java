package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RunsTest {
  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void aRunIsMadeListedAndFoundByTheBeginningOfItsId() {
    RunningService.Answer made =
        service.post("/api/runs", "{\"blueprint\":\"brief\",\"name\":\"my brief\"}");
    assertThat(made.status()).isEqualTo(201);
    JsonNode run = made.json();
    assertThat(run.path("id").asText()).matches("[0-9a-f]{32}");
    assertThat(run.path("budgetUsd").asText()).isEqualTo("2.500000");
    assertThat(run.path("blueprint").asText()).isEqualTo("brief@1");
    String prefix = run.path("id").asText().substring(0, 12);
    RunningService.Answer found = service.get("/api/runs/" + prefix);
    assertThat(found.status()).isEqualTo(200);
    assertThat(found.text("name")).isEqualTo("my brief");
    assertThat(found.text("status")).isEqualTo("running");
    assertThat(service.get("/api/runs?status=active&q=my%20brief").json().path("items").size())
        .isEqualTo(1);
    assertThat(service.get("/api/runs?status=failed").json().path("items").size()).isZero();
  }

  @Test
  void theLogIsPagedAndFiltered() {
    String run = service.run();
    service.backend().ask(run, "p-" + run.substring(0, 8));
    JsonNode all = service.get("/api/runs/" + run + "/events").json();
    assertThat(all.path("items").get(0).path("type").asText()).isEqualTo("run.created");
    assertThat(all.path("last").asLong()).isEqualTo(all.path("items").size());
    JsonNode page = service.get("/api/runs/" + run + "/events?after=1&limit=1").json();
    assertThat(page.path("items").size()).isEqualTo(1);
    assertThat(page.path("items").get(0).path("seq").asLong()).isEqualTo(2);
    JsonNode typed = service.get("/api/runs/" + run + "/events?type=permission.requested").json();
    assertThat(typed.path("items").size()).isEqualTo(1);
    RunningService.Answer wrong =
        service.get("/api/runs/" + run + "/events?type=permision.decided");
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.raw().body()).contains("did you mean \\\"permission.decided\\\"?");
  }

  @Test
  void anIdThatManyRunsShareIsAmbiguousAndAnUnknownOneIsNot() {
    Set<Character> first = new HashSet<>();
    String shared = "";
    while (shared.isEmpty()) {
      String id = service.run();
      shared = first.add(id.charAt(0)) ? "" : id.substring(0, 1);
    }
    RunningService.Answer ambiguous = service.get("/api/runs/" + shared);
    assertThat(ambiguous.status()).isEqualTo(400);
    assertThat(ambiguous.text("code")).isEqualTo("ambiguous_id");
    assertThat(ambiguous.json().path("more").path("matches").asText()).contains(" ");
    for (String id : List.of("ffffffffffffffffffffffffffffffff", "xyz", "%00", "A", "../x")) {
      assertThat(service.get("/api/runs/" + id).status()).as(id).isBetween(400, 404);
    }
  }

  @Test
  void whatDoesNotFitTheInputsIsToldWithItsPlace() {
    RunningService.Answer wrong =
        service.post(
            "/api/runs", "{\"blueprint\":\"brief\",\"input\":{\"quarter\":\"Q9\",\"depth\":7}}");
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.text("code")).isEqualTo("invalid_input");
    assertThat(wrong.json().path("errors").findValuesAsText("path"))
        .containsExactlyInAnyOrder("input.quarter", "input.depth");
    RunningService.Answer unknown =
        service.post("/api/runs", "{\"blueprint\":\"brief\",\"input\":{\"quater\":\"Q1\"}}");
    assertThat(unknown.json().path("errors").get(0).path("hint").asText())
        .isEqualTo("did you mean \"quarter\"?");
    RunningService.Answer blueprint = service.post("/api/runs", "{\"blueprint\":\"breif\"}");
    assertThat(blueprint.status()).isEqualTo(404);
    assertThat(blueprint.text("detail")).isEqualTo("did you mean \"brief\"?");
  }

  @Test
  void theSameKeyIsTheSameRunAndAnotherBodyIsRefused() throws Exception {
    String body = "{\"blueprint\":\"brief\"}";
    RunningService.Answer first = service.post("/api/runs", body, "key-1");
    RunningService.Answer again = service.post("/api/runs", body, "key-1");
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.raw().body()).isEqualTo(first.raw().body());
    assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
    RunningService.Answer other =
        service.post("/api/runs", "{\"blueprint\":\"brief\",\"name\":\"x\"}", "key-1");
    assertThat(other.status()).isEqualTo(422);
    assertThat(other.text("code")).isEqualTo("idempotency_key_reused");
    service.down();
    service.up();
    RunningService.Answer later = service.post("/api/runs", body, "key-1");
    assertThat(later.text("id")).isEqualTo(first.text("id"));
  }

  @Test
  void concurrentDuplicatesMakeOneRun() throws Exception {
    service.token();
    int before = service.backend().starts.get();
    List<Callable<RunningService.Answer>> calls = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      calls.add(() -> service.post("/api/runs", "{\"blueprint\":\"brief\"}", "same"));
    }
    Set<String> ids = new HashSet<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<RunningService.Answer> answer : pool.invokeAll(calls)) {
        assertThat(answer.get().status()).isIn(201, 409);
        if (answer.get().status() == 201) {
          ids.add(answer.get().text("id"));
        }
      }
    }
    assertThat(ids).hasSize(1);
    assertThat(service.backend().starts.get() - before).isEqualTo(1);
  }

  @Test
  void withoutTheWorkflowEngineTheSameRequestMaySimplyBeSentAgain() {
    service.backend().down = true;
    RunningService.Answer down =
        service.post("/api/runs", "{\"blueprint\":\"brief\",\"name\":\"later\"}", "key-down");
    assertThat(down.status()).isEqualTo(503);
    assertThat(down.text("code")).isEqualTo("workflows_down");
    assertThat(down.header("Retry-After")).isNotEmpty();
    assertThat(service.get("/api/status").text("backend")).isEqualTo("degraded");
    service.backend().down = false;
    RunningService.Answer up =
        service.post("/api/runs", "{\"blueprint\":\"brief\",\"name\":\"later\"}", "key-down");
    assertThat(up.status()).isEqualTo(201);
    assertThat(service.get("/api/runs?q=later").json().path("items").size()).isEqualTo(1);
  }

  @Test
  void withoutAnEngineNoRunStarts() {
    service.backend().readOnly = "there is no container engine; install docker";
    RunningService.Answer refused = service.post("/api/runs", "{\"blueprint\":\"brief\"}");
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.text("code")).isEqualTo("read_only");
    assertThat(service.get("/api/status").text("backend")).isEqualTo("read-only");
    service.backend().readOnly = null;
  }
}
