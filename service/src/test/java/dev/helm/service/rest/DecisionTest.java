package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DecisionTest {
  private static RunningService service;
  private static String run;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    run = service.run();
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void ofTwoDevicesThatDecideAtOnceExactlyOneWins() throws Exception {
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 100; round++) {
        String id = "race-" + round;
        String hash = service.backend().ask(run, id);
        CyclicBarrier together = new CyclicBarrier(2);
        List<Future<RunningService.Answer>> answers = new ArrayList<>();
        for (String decision : List.of("allow", "deny")) {
          answers.add(
              pool.submit(
                  () -> {
                    together.await();
                    return decide(id, decision, hash);
                  }));
        }
        RunningService.Answer allow = answers.get(0).get();
        RunningService.Answer deny = answers.get(1).get();
        RunningService.Answer won = allow.status() == 200 ? allow : deny;
        RunningService.Answer lost = won == allow ? deny : allow;
        assertThat(won.status()).as(id + won.raw().body()).isEqualTo(200);
        assertThat(lost.status()).as(id + lost.raw().body()).isEqualTo(409);
        assertThat(lost.text("code")).isEqualTo("already_decided");
        assertThat(lost.json().path("winner")).isEqualTo(won.json().path("winner"));
        assertThat(lost.json().path("winner").path("decision").asText())
            .isEqualTo(won == allow ? "allow" : "deny");
      }
    }
    long decided =
        service
            .get("/api/runs/" + run + "/events?type=permission.decided&limit=1000")
            .json()
            .path("items")
            .findValuesAsText("permissionId")
            .stream()
            .filter(id -> id.startsWith("race-"))
            .count();
    assertThat(decided).isEqualTo(100);
  }

  @Test
  void whatIsAllowedIsWhatWasShown() {
    String hash = service.backend().ask(run, "stale");
    check(decide("stale", "allow", "0".repeat(64)), 409, "stale");
    check(post("stale", "{\"decision\":\"allow\"}"), 400, "invalid_input");
    check(post("stale", "{\"decision\":\"alow\",\"argumentsHash\":\"" + hash + "\"}"), 400, null);
    check(
        post(
            "stale",
            "{\"decision\":\"allow\",\"argumentsHash\":\"" + hash + "\",\"arguments\":{}}"),
        422,
        "invalid_arguments");
    check(
        post(
            "stale",
            "{\"decision\":\"allow\",\"argumentsHash\":\""
                + hash
                + "\",\"remember\":{\"scope\":\"run\"}}"),
        400,
        "invalid_input");
    assertThat(service.get("/api/inbox").json().path("items").findValuesAsText("id"))
        .contains("stale");
    RunningService.Answer denied =
        post("stale", "{\"decision\":\"deny\",\"reason\":\"not today\"}");
    check(denied, 200, null);
    assertThat(denied.json().path("winner").path("by").path("user").asText()).isEqualTo("owner");
    assertThat(denied.json().path("winner").path("by").path("device").asText()).isEqualTo("test");
    check(post("stale", "{\"decision\":\"deny\"}"), 200, null);
    check(decide("stale", "allow", hash), 409, "already_decided");
    assertThat(service.get("/api/permissions/stale").text("state")).isEqualTo("decided");
    assertThat(
            service
                .get("/api/runs/" + run + "/events?type=permission.decided&limit=1000")
                .raw()
                .body())
        .contains("not today");
  }

  @Test
  void afterTheTimeOutAndAfterTheRunItIsTooLate() {
    String hash = service.backend().ask(run, "late");
    service.backend().timeOut(run, "late", hash);
    check(decide("late", "allow", hash), 410, "expired");
    check(decide("late", "allow", hash), 410, "expired");
    String other = service.run();
    String otherHash = service.backend().ask(other, "ended");
    service.backend().finish(other);
    check(decide("ended", "allow", otherHash), 410, "expired");
    check(decide("nothing", "allow", hash), 404, "not_found");
  }

  @Test
  void aDecisionThatIsNotYetInTheLogIsAcceptedAndTheSameKeySaysSoAgain() {
    String hash = service.backend().ask(run, "slow");
    service.backend().deaf = true;
    String body = "{\"decision\":\"allow\",\"argumentsHash\":\"" + hash + "\"}";
    RunningService.Answer accepted = service.post("/api/permissions/slow", body, "slow-key");
    service.backend().deaf = false;
    check(accepted, 202, null);
    assertThat(accepted.text("state")).isEqualTo("accepted");
    check(service.post("/api/permissions/slow", body, "slow-key"), 202, null);
    check(decide("slow", "allow", hash), 200, null);
  }

  @Test
  void aQuestionIsAnsweredOnce() {
    service.backend().question(run, "q1");
    check(service.post("/api/questions/q1", "{\"answer\":\"\"}"), 400, "invalid_input");
    check(service.post("/api/questions/q1", "{\"answer\":\"Q1\"}"), 200, null);
    check(service.post("/api/questions/q1", "{\"answer\":\"Q1\"}"), 200, null);
    check(service.post("/api/questions/q1", "{\"answer\":\"Q2\"}"), 409, "already_decided");
    check(service.post("/api/questions/q9", "{\"answer\":\"Q2\"}"), 404, "not_found");
  }

  private static RunningService.Answer decide(String id, String decision, String hash) {
    return post(id, "{\"decision\":\"" + decision + "\",\"argumentsHash\":\"" + hash + "\"}");
  }

  private static RunningService.Answer post(String id, String body) {
    return service.post("/api/permissions/" + id, body);
  }

  private static void check(RunningService.Answer answer, int status, @Nullable String code) {
    assertThat(answer.status()).as(answer.raw().body()).isEqualTo(status);
    if (code != null) {
      assertThat(answer.text("code")).isEqualTo(code);
    }
  }
}
