package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * What people do to runs, with real parts: the service as a process, Temporal, containers. Figures
 * are printed; bounds are generous, since other tests run beside this one.
 */
@Tag("engine")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ControlTest {
  private static final Path EXAMPLE = Path.of("..", "examples", "side-by-side");
  private static final Path OWN = Path.of("src", "test", "resources", "control");
  private static final String SLEEP = "sleep\0987654";

  private static ServiceProcess service;

  @BeforeAll
  static void up() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    service = ServiceProcess.start(List.of(EXAMPLE, OWN), "");
    for (Path blueprint :
        List.of(EXAMPLE.resolve("blueprint.yaml"), OWN.resolve("blueprint.yaml"))) {
      String yaml = Files.readString(blueprint);
      String name = yaml.lines().filter(l -> l.startsWith("name: ")).findFirst().orElseThrow();
      ServiceProcess.Answer put = service.putYaml("/api/blueprints/" + name.substring(6), yaml);
      assertThat(put.status()).as(put.toString()).isEqualTo(201);
    }
  }

  @AfterAll
  static void down() throws Exception {
    if (service != null) {
      service.close();
    }
  }

  private static String what(String what) throws Exception {
    return service.run("control", Map.of("what", what));
  }

  private static String agent(JsonNode event) {
    return event.path("agent").asText();
  }

  private static String data(JsonNode event, String member) {
    return event.path("data").path(member).asText();
  }

  @Test
  @Order(1)
  void twoSubagentsWorkSideBySideInOneWorkspace() throws Exception {
    String run = service.run("side-by-side", Map.of());
    JsonNode asked = service.awaitEvent(run, "permission.requested");
    assertThat(agent(asked)).isEqualTo("main/2");
    ServiceProcess.Answer decided =
        service.post(
            "/api/permissions/" + data(asked, "permissionId"),
            Map.of("decision", "allow", "argumentsHash", data(asked, "argumentsHash")));
    assertThat(decided.status()).as(decided.toString()).isEqualTo(200);
    assertThat(service.awaitEnd(run)).isEqualTo("succeeded");
    List<JsonNode> events = service.events(run);
    assertThat(events.stream().map(ControlTest::agent).distinct())
        .containsExactlyInAnyOrder("main", "main/1", "main/2");
    List<JsonNode> spawned = service.events(run, "subagent.spawned");
    assertThat(spawned.stream().map(e -> data(e, "subagent"))).containsExactly("main/1", "main/2");
    // Agent is not handed on at the deepest level, and the second was given Bash alone.
    assertThat(spawned.getFirst().path("data").path("tools").toString())
        .isEqualTo("[\"Bash\",\"Read\",\"Write\"]");
    assertThat(spawned.getLast().path("data").path("tools").toString()).isEqualTo("[\"Bash\"]");
    assertThat(service.events(run, "subagent.finished").stream().map(e -> data(e, "outcome")))
        .containsExactly("succeeded", "succeeded");
    assertThat(data(service.events(run, "model.message").getLast(), "text"))
        .contains("7 posts in all");
    oneAfterTheOther(events);
  }

  /** No two calls that touch the workspace were at work at once. */
  private static void oneAfterTheOther(List<JsonNode> events) {
    Set<String> atWork = new HashSet<>();
    for (JsonNode event : events) {
      boolean waits = Set.of("Agent", "AskPerson").contains(data(event, "tool"));
      switch (event.path("type").asText()) {
        case "tool.started" -> {
          if (!waits) {
            assertThat(atWork).as("at " + event).isEmpty();
            atWork.add(data(event, "toolUseId"));
          }
        }
        case "tool.finished" -> atWork.remove(data(event, "toolUseId"));
        default -> {}
      }
    }
  }

  @Test
  @Order(2)
  void cancelEndsTheToolInTheContainer() throws Exception {
    for (String what : List.of("sleep", "delegate sleep")) {
      String run = what(what);
      ServiceProcess.await(what, 90, () -> !sleepers().isEmpty());
      long asked = System.nanoTime();
      assertThat(service.post("/api/runs/" + run + "/cancel", Map.of()).status()).isEqualTo(202);
      ServiceProcess.await("the end of the process", 30, () -> sleepers().isEmpty());
      long goneMs = (System.nanoTime() - asked) / 1_000_000;
      assertThat(service.awaitEnd(run)).isEqualTo("cancelled");
      long endedMs = (System.nanoTime() - asked) / 1_000_000;
      System.out.printf(
          "control: cancel (%s): process gone after %d ms, run.finished read after %d ms%n",
          what, goneMs, endedMs);
      assertThat(service.events(run, "tool.finished").stream().map(e -> data(e, "outcome")))
          .isNotEmpty()
          .containsOnly("interrupted");
    }
  }

  /** Processes of a container are processes of this machine. */
  private static List<String> sleepers() {
    List<String> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.filter(p -> p.getFileName().toString().matches("[0-9]+")).toList()) {
        try {
          byte[] line = Files.readAllBytes(process.resolve("cmdline"));
          if (new String(line, StandardCharsets.UTF_8).startsWith(SLEEP)) {
            found.add(process.toString());
          }
        } catch (IOException e) {
          // It ended meanwhile.
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return found;
  }

  @Test
  @Order(3)
  void aMessageNowEndsASubagentsToolAndIsReadOnce() throws Exception {
    String run = what("delegate sleep");
    ServiceProcess.await("the tool", 90, () -> !sleepers().isEmpty());
    String text = "Stop that.";
    assertThat(
            service
                .post("/api/runs/" + run + "/messages", Map.of("text", text, "when", "now"))
                .status())
        .isEqualTo(201);
    assertThat(service.awaitEnd(run)).isEqualTo("succeeded");
    assertThat(sleepers()).isEmpty();
    assertThat(service.events(run, "message.read")).hasSize(1);
    assertThat(data(service.events(run, "subagent.finished").getFirst(), "outcome"))
        .isEqualTo("cancelled");
  }

  @Test
  @Order(4)
  void stopPausesFiftyRunsAndNothingStartsAfterwards() throws Exception {
    int many = 50;
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      runs.add(what("light"));
    }
    for (String run : runs) {
      service.awaitEvent(run, "turn.started");
    }
    long asked = System.nanoTime();
    ServiceProcess.Answer stopped = service.post("/api/stop", Map.of());
    long acceptedMs = (System.nanoTime() - asked) / 1_000_000;
    assertThat(stopped.status()).isEqualTo(202);
    assertThat(stopped.body().path("items").findValuesAsText("id")).containsAll(runs);
    for (String run : runs) {
      service.awaitEvent(run, "run.paused");
    }
    System.out.printf(
        "control: stop of %d runs: accepted after %d ms, all paused after %d ms%n",
        many, acceptedMs, (System.nanoTime() - asked) / 1_000_000);
    long before = 0;
    for (String run : runs) {
      JsonNode last = service.events(run).getLast();
      assertThat(last.path("type").asText()).isEqualTo("run.paused");
      assertThat(data(last, "reason")).isEqualTo("person");
      before += last.path("seq").asLong();
    }
    assertThat(service.post("/api/runs/" + runs.getFirst() + "/resume", Map.of()).status())
        .isEqualTo(202);
    service.awaitEvent(runs.getFirst(), "run.resumed");
    long after = 0;
    for (String run : runs.subList(1, many)) {
      after += service.events(run).getLast().path("seq").asLong();
      assertThat(service.status(run)).isEqualTo("paused");
    }
    assertThat(after).isLessThan(before);
    for (String run : runs) {
      service.post("/api/runs/" + run + "/cancel", Map.of());
    }
    for (String run : runs) {
      assertThat(service.awaitEnd(run)).isEqualTo("cancelled");
    }
  }

  @Test
  @Order(5)
  void aSilentRunIsToldOnceToHaveStalled() throws Exception {
    String run = what("sleep");
    JsonNode stalled = service.awaitEvent(run, "run.stalled");
    assertThat(data(stalled, "stallAfterMs")).isEqualTo("10000");
    assertThat(data(stalled, "detail")).contains("tool.started");
    assertThat(service.status(run)).isEqualTo("running");
    // Twice the time between two looks: a second event would be there.
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(12);
    ServiceProcess.await("some time", 60, () -> System.nanoTime() > until);
    assertThat(service.events(run, "run.stalled")).hasSize(1);
    service.post("/api/runs/" + run + "/cancel", Map.of());
    assertThat(service.awaitEnd(run)).isEqualTo("cancelled");
  }

  @Test
  @Order(6)
  void aKilledServiceGoesOnWithItsSubagents() throws Exception {
    String run = what("delegate count");
    service.awaitEvent(run, "subagent.spawned");
    ServiceProcess.await(
        "a call of a sub-agent",
        90,
        () -> {
          try {
            return service.events(run, "tool.started").stream()
                .anyMatch(e -> data(e, "tool").equals("Bash"));
          } catch (Exception e) {
            return false;
          }
        });
    service.kill();
    long killed = System.nanoTime();
    service.up();
    assertThat(service.awaitEnd(run)).isEqualTo("succeeded");
    System.out.printf(
        "control: killed while sub-agents worked; run.finished read %d ms later%n",
        (System.nanoTime() - killed) / 1_000_000);
    List<JsonNode> events = service.events(run);
    oneAfterTheOther(events);
    assertThat(service.events(run, "tool.unknown")).isEmpty();
    assertThat(service.events(run, "subagent.finished")).hasSize(2);
    String last =
        service.events(run, "tool.finished").stream()
            .filter(e -> data(e, "tool").equals("Read"))
            .map(e -> Objects.toString(e.path("data").path("result")))
            .reduce((a, b) -> b)
            .orElseThrow();
    // Each command ran once and to its end, and not while the other one did.
    assertThat(last.replaceAll("[^a-z]+", " ")).contains("begin", "end");
    assertThat(last.split("begin", -1)).hasSize(3);
    assertThat(last.replaceAll("(?s).*?(begin|end)", "$1 ")).startsWith("begin end begin end");
  }
}
