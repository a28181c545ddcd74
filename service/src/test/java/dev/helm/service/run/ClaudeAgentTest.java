package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code agent: claude-agent-sdk} with real parts: the runtime of the npm package in a container,
 * the gate, people, the key proxy and the ledger; only the model is the practice model.
 */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class ClaudeAgentTest {
  private static ServiceProcess service;

  @BeforeAll
  static void start() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    service =
        ServiceProcess.start(
            Files.createTempDirectory(Path.of("/tmp"), "hk"),
            List.of(Path.of("src", "test", "resources", "claude")),
            "",
            true);
  }

  @AfterAll
  static void stop() throws Exception {
    if (service != null) {
      service.close();
    }
  }

  @Test
  void everyCallOfTheRuntimePassesTheGateAndPeopleAreAsked() throws Exception {
    String run = run("claude-whole", "claude service test", 20);
    JsonNode asked = service.awaitEvent(run, "permission.requested");
    assertThat(data(asked, "tool")).isEqualTo("Write");
    service.post(
        "/api/permissions/" + data(asked, "permissionId"),
        Map.of("decision", "allow", "argumentsHash", data(asked, "argumentsHash")));
    JsonNode question = service.awaitEvent(run, "question.asked");
    assertThat(data(question, "text")).isEqualTo("Which?");
    service.post("/api/questions/" + data(question, "questionId"), Map.of("answer", "B"));
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    String all = log(run);
    assertThat(all).contains("I look around.", "A sub-agent's report", "All done.", "Counted.");
    assertThat(service.events(run, "tool.blocked")).as(all).hasSize(1);
    assertThat(service.events(run, "file.changed").toString()).contains("\"written.txt\"");
    assertThat(service.events(run, "budget.charged")).as(all).hasSizeGreaterThan(4);
  }

  /** SIGKILL of the service at three moments; each line stands once. */
  @Test
  void noEffectHappensTwiceWhenTheServiceIsKilled() throws Exception {
    String run = run("claude-killed", "claude kill test", 20);
    for (int started = 1; started <= 3; started++) {
      int calls = started;
      ServiceProcess.await(
          "call " + calls,
          90,
          () -> {
            answerUnknowns(run);
            return count(run, "tool.started") >= calls;
          });
      TimeUnit.MILLISECONDS.sleep(started * 500L - 400);
      service.kill();
      service.up();
    }
    while (service.events(run, "run.finished").isEmpty()) {
      answerUnknowns(run);
      TimeUnit.MILLISECONDS.sleep(200);
    }
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    String read = log(run);
    for (int i = 1; i <= 4; i++) {
      assertThat(log(run).split("line " + i + "\\\\n", -1).length - 1)
          .as(read)
          .isLessThanOrEqualTo(1);
    }
  }

  @Test
  void aRunWithoutMoneyWaitsForItAndGoesOn() throws Exception {
    String run = run("claude-poor", "claude kill test", 0.01);
    // It may have waited for its image before.
    ServiceProcess.await("the wait for money", 300, () -> waitsForMoney(run));
    service.post("/api/runs/" + run + "/budget", Map.of("addUsd", "20.00"));
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(service.events(run, "tool.started")).hasSize(5);
  }

  @Test
  void peopleSteerAndStopIt() throws Exception {
    String run = run("claude-steered", "claude steer test", 20);
    ServiceProcess.await("the long call", 300, () -> count(run, "tool.started") >= 1);
    service.post(
        "/api/runs/" + run + "/messages", Map.of("text", "Stop that, STEERED.", "when", "now"));
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(log(run)).contains("As you say.").doesNotContain("slept");
    assertThat(service.events(run, "message.read")).hasSize(1);
    String other = run("claude-cancelled", "claude steer test", 20);
    ServiceProcess.await("the long call", 300, () -> count(other, "tool.started") >= 1);
    service.post("/api/runs/" + other + "/cancel", Map.of());
    assertThat(service.awaitEnd(other)).as(log(other)).isEqualTo("cancelled");
  }

  // ---- parts -------------------------------------------------------------------------------

  private static void answerUnknowns(String run) {
    try {
      for (JsonNode unknown : service.events(run, "tool.unknown")) {
        service.post("/api/questions/" + data(unknown, "questionId"), Map.of("answer", "happened"));
      }
    } catch (Exception e) {
      // The service comes up; the next look tries again.
    }
  }

  private static String run(String name, String task, double usd) throws Exception {
    String yaml =
        """
        name: %s
        agent: claude-agent-sdk
        model: {name: claude-sonnet-4-5}
        task: %s
        tools: [Bash, Read, Write, Edit, Agent, AskPerson]
        permissions:
          deny: ["Bash(touch *)"]
          ask: [Write]
          allow: [Bash, Read, Edit, Agent, AskPerson]
        budget: {perRunUsd: %s}
        """
            .formatted(name, task, usd);
    ServiceProcess.Answer put = service.putYaml("/api/blueprints/" + name, yaml);
    assertThat(put.status()).as(put + yaml).isEqualTo(201);
    return service.run(name, Map.of());
  }

  private static int count(String run, String type) {
    try {
      return service.events(run, type).size();
    } catch (Exception e) {
      return 0;
    }
  }

  private static String data(JsonNode event, String name) {
    return event.path("data").path(name).asText();
  }

  private static boolean waitsForMoney(String run) {
    try {
      return log(run).contains("\"reason\":\"budget\"");
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static String log(String run) throws Exception {
    StringBuilder all = new StringBuilder();
    for (JsonNode event : service.events(run)) {
      all.append(event.path("type").asText()).append(' ').append(event.path("data")).append('\n');
    }
    return all.toString();
  }
}
