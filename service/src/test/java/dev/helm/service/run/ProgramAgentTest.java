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

/** {@code agent: command} with real parts: programs in containers, Helm's MCP endpoint, people. */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class ProgramAgentTest {
  private static ServiceProcess service;

  @BeforeAll
  static void start() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    service =
        ServiceProcess.start(
            Files.createTempDirectory(Path.of("/tmp"), "hf"),
            List.of(Path.of("src", "test", "resources", "programs")),
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
  void theShellExampleDoesItsWork() throws Exception {
    String run = example("program-shell");
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(service.events(run, "tool.started")).hasSize(1);
    assertThat(said(run)).contains("My task: List the files", "\"isError\":false", "listing.txt.");
    assertThat(data(service.events(run, "tool.finished").getFirst(), "outcome")).isEqualTo("ok");
  }

  // ---- parts -------------------------------------------------------------------------------

  private static String example(String name) throws Exception {
    Path yaml = Path.of("..", "examples", name, "blueprint.yaml");
    ServiceProcess.Answer put =
        service.putYaml("/api/blueprints/" + name, Files.readString(yaml));
    assertThat(put.status()).as(put.toString()).isEqualTo(201);
    return service.run(name, Map.of());
  }

  private static String said(String run) throws Exception {
    StringBuilder all = new StringBuilder();
    for (JsonNode event : service.events(run, "model.message")) {
      all.append(event.path("data").path("text").asText());
    }
    return all.toString();
  }

  private static String log(String run) throws Exception {
    StringBuilder all = new StringBuilder("\n");
    for (JsonNode event : service.events(run)) {
      all.append(event.path("type").asText()).append(' ').append(event.path("data")).append('\n');
    }
    return all.toString();
  }

  private static String data(JsonNode event, String member) {
    return event.path("data").path(member).asText();
  }
}
