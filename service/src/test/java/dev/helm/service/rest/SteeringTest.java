package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SteeringTest {
  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void aMessageIsQueuedReadOrTakenBack() {
    String run = service.run();
    String path = "/api/runs/" + run + "/messages";
    RunningService.Answer sent =
        service.post(
            path, "{\"text\":\"Exclude any company with under 50 employees first.\"}", "m1");
    assertThat(sent.status()).isEqualTo(201);
    assertThat(sent.text("state")).isEqualTo("queued");
    assertThat(sent.text("when")).isEqualTo("next");
    assertThat(
            service
                .post(
                    path, "{\"text\":\"Exclude any company with under 50 employees first.\"}", "m1")
                .text("id"))
        .isEqualTo(sent.text("id"));
    RunningService.Answer second = service.post(path, "{\"text\":\"stop\",\"when\":\"now\"}");
    assertThat(service.delete(path + "/" + second.text("id")).text("state")).isEqualTo("cancelled");
    assertThat(service.delete(path + "/" + second.text("id")).text("state")).isEqualTo("cancelled");
    service.backend().read(run, sent.text("id"));
    RunningService.Answer late = service.delete(path + "/" + sent.text("id"));
    assertThat(late.status()).isEqualTo(409);
    assertThat(late.text("code")).isEqualTo("already_read");
    assertThat(service.get(path).json().path("items").findValuesAsText("state"))
        .containsExactly("read", "cancelled");
    assertThat(service.delete(path + "/nothing").status()).isEqualTo(404);
    assertThat(service.post(path, "{\"text\":\" \"}").status()).isEqualTo(400);
    assertThat(service.post(path, "{\"text\":\"x\",\"when\":\"later\"}").status()).isEqualTo(400);
    service.backend().finish(run);
    RunningService.Answer ended = service.post(path, "{\"text\":\"hello\"}");
    assertThat(ended.status()).isEqualTo(409);
    assertThat(ended.text("code")).isEqualTo("run_finished");
  }

  @Test
  void aMessageThatARollbackOvertakesIsStoredAndAccepted() {
    String run = service.run();
    String path = "/api/runs/" + run + "/messages";
    service.backend().rollingBack = run;
    try {
      assertThat(service.post(path, "{\"text\":\"hello\"}").status()).isEqualTo(201);
    } finally {
      service.backend().rollingBack = null;
    }
    assertThat(service.get(path).json().path("items").findValuesAsText("state"))
        .containsExactly("queued");
  }

  @Test
  void aRunIsPausedResumedRaisedAndCancelled() {
    String run = service.run();
    String path = "/api/runs/" + run.substring(0, 10);
    assertThat(service.post(path + "/pause", "").status()).isEqualTo(202);
    assertThat(service.get(path).text("status")).isEqualTo("paused");
    assertThat(service.post(path + "/resume", "{}").status()).isEqualTo(202);
    assertThat(service.get(path).text("status")).isEqualTo("running");
    RunningService.Answer raised = service.post(path + "/budget", "{\"addUsd\":\"1.25\"}");
    assertThat(raised.status()).isEqualTo(200);
    assertThat(raised.text("budgetUsd")).isEqualTo("3.750000");
    for (String wrong : new String[] {"0", "-1", "1000000", "1.0000001", "x"}) {
      assertThat(service.post(path + "/budget", "{\"addUsd\":\"" + wrong + "\"}").status())
          .as(wrong)
          .isEqualTo(400);
    }
    assertThat(service.post(path + "/cancel", "").status()).isEqualTo(202);
    assertThat(service.get(path).text("status")).isEqualTo("cancelled");
    assertThat(service.post(path + "/pause", "").text("code")).isEqualTo("run_finished");
  }

  @Test
  void stopPausesEveryRunAndSaysWhich() {
    String first = service.run();
    String second = service.run();
    String ended = service.run();
    service.backend().finish(ended);
    RunningService.Answer stopped = service.post("/api/stop", "", "stop-1");
    assertThat(stopped.status()).isEqualTo(202);
    assertThat(stopped.json().path("items").findValuesAsText("id"))
        .contains(first, second)
        .doesNotContain(ended);
    assertThat(service.get("/api/runs/" + first).text("status")).isEqualTo("paused");
    assertThat(service.get("/api/runs/" + second).text("waitingFor")).isEqualTo("person");
    assertThat(service.post("/api/stop", "", "stop-1").raw().body())
        .isEqualTo(stopped.raw().body());
    service.backend().down = true;
    try {
      assertThat(service.post("/api/stop", "").status()).isEqualTo(503);
    } finally {
      service.backend().down = false;
    }
    assertThat(service.post("/api/stop", "").status()).isEqualTo(202);
  }

  @Test
  void oneRunThatIsBeingRolledBackDoesNotKeepTheOthersFromTheirStop() {
    String moving = service.run();
    String other = service.run();
    service.backend().rollingBack = moving;
    try {
      RunningService.Answer stopped = service.post("/api/stop", "");
      assertThat(stopped.status()).isEqualTo(202);
      for (JsonNode item : stopped.json().path("items")) {
        assertThat(item.path("state").asText())
            .isEqualTo(item.path("id").asText().equals(moving) ? "rollback_under_way" : "accepted");
      }
      assertThat(service.get("/api/runs/" + other).text("status")).isEqualTo("paused");
    } finally {
      service.backend().rollingBack = null;
    }
  }

  @Test
  void messagesThatNobodyReadsAreBounded() {
    String path = "/api/runs/" + service.run() + "/messages";
    for (int i = 0; i < 100; i++) {
      assertThat(service.post(path, "{\"text\":\"x\"}").status()).isEqualTo(201);
    }
    RunningService.Answer full = service.post(path, "{\"text\":\"x\"}");
    assertThat(full.status()).isEqualTo(409);
    assertThat(full.text("code")).isEqualTo("too_many_messages");
  }

  @Test
  void anAnswerIsOneOfTheOptionsUnlessOtherWordsAreWelcome() {
    String run = service.run();
    service.backend().question(run, "q-strict");
    RunningService.Answer wrong = service.post("/api/questions/q-strict", "{\"answer\":\"Q3\"}");
    assertThat(wrong.status()).isEqualTo(422);
    assertThat(wrong.text("code")).isEqualTo("not_an_option");
    assertThat(service.post("/api/questions/q-strict", "{\"answer\":\"Q2\"}").status())
        .isEqualTo(200);
    service.backend().freeQuestion(run, "q-free");
    assertThat(service.post("/api/questions/q-free", "{\"answer\":\"Q3\"}").status())
        .isEqualTo(200);
  }

  @Test
  void blueprintsAreVersionedAndCheckedWithoutBeingStored() {
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isIn(200, 201);
    RunningService.Answer same = service.putYaml("brief", RunningService.BRIEF + "\n# a remark\n");
    assertThat(same.status()).isEqualTo(200);
    int version = same.json().path("version").asInt();
    RunningService.Answer changed =
        service.putYaml("brief", RunningService.BRIEF.replace("2.50", "3.00"));
    assertThat(changed.status()).isEqualTo(201);
    assertThat(changed.json().path("version").asInt()).isEqualTo(version + 1);
    assertThat(
            service
                .get("/api/blueprints/brief@" + version)
                .json()
                .path("blueprint")
                .path("budget")
                .path("perRunUsd")
                .asText())
        .isEqualTo("2.500000");
    assertThat(service.get("/api/blueprints/brief/versions").json().path("items").size())
        .isGreaterThanOrEqualTo(2);
    assertThat(service.get("/api/blueprints").json().path("items").findValuesAsText("name"))
        .contains("brief");
    assertThat(service.putYaml("other", RunningService.BRIEF).text("code"))
        .isEqualTo("invalid_input");
    assertThat(service.get("/api/blueprints/nothing").status()).isEqualTo(404);
    RunningService.Answer wrong = service.putYaml("bad", "name: bad\nmodle: {name: x}\n");
    assertThat(wrong.text("code")).isEqualTo("invalid_blueprint");
    assertThat(wrong.raw().body()).contains("did you mean \\\"model\\\"?");
    RunningService.Answer valid =
        service.send(
            service
                .authorized("/api/blueprints/validate")
                .header("Content-Type", "application/yaml")
                .POST(
                    java.net.http.HttpRequest.BodyPublishers.ofString(
                        RunningService.BRIEF.replace("name: brief", "name: unseen"))));
    assertThat(valid.status()).isEqualTo(200);
    assertThat(valid.json().path("blueprint").path("limits").path("turns").asInt()).isEqualTo(200);
    assertThat(valid.json().path("ruleOfTwo").path("allThree").asBoolean()).isFalse();
    assertThat(service.get("/api/blueprints/unseen").status()).isEqualTo(404);
  }
}
