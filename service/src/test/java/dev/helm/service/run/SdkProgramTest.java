package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Users' own programs with the Claude Agent SDK of npm and PyPI, with real parts: their runtime's
 * calls come by the managed hooks of the image; only the model is the practice model.
 */
@Tag("engine")
@Timeout(value = 6, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class SdkProgramTest {
  private static ServiceProcess service;

  @BeforeAll
  static void start() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    service =
        ServiceProcess.start(
            Files.createTempDirectory(Path.of("/tmp"), "hs"),
            List.of(Path.of("src", "test", "resources", "sdk-programs")),
            "",
            true);
  }

  @AfterAll
  static void stop() throws Exception {
    if (service != null) {
      service.close();
    }
  }

  /** What a person made of the arguments is what runs, with no hook but the image's. */
  @ParameterizedTest
  @ValueSource(strings = {"sdk-node", "sdk-python"})
  void anExampleDoesItsWorkAndPeopleDecide(String name) throws Exception {
    String run = example(name);
    ServiceProcess.await("its image and question", 300, () -> count(run, "permission.requested") == 1);
    JsonNode asked = service.events(run, "permission.requested").getFirst();
    assertThat(data(asked, "tool")).isEqualTo("Write");
    ServiceProcess.Answer answer =
        service.post(
            "/api/permissions/" + data(asked, "permissionId"),
            Map.of(
                "decision",
                "allow",
                "argumentsHash",
                data(asked, "argumentsHash"),
                "arguments",
                Map.of("file_path", "/workspace/stock.txt", "content", "apples: a dozen\n")));
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    String all = log(run);
    assertThat(all).contains("I look it up.", "There are twelve apples.", "(Write is done)");
    assertThat(service.events(run, "tool.finished").toString()).contains("apples: 12");
    assertThat(service.events(run, "tool.started")).as(all).hasSize(2);
    assertThat(service.events(run, "budget.charged")).as(all).hasSize(3);
    assertThat(file(run, "stock.txt")).isEqualTo("apples: a dozen\n");
  }

  // ---- parts -------------------------------------------------------------------------------

  private static String example(String name) throws Exception {
    Path yaml = Path.of("..", "examples", name, "blueprint.yaml");
    ServiceProcess.Answer put = service.putYaml("/api/blueprints/" + name, Files.readString(yaml));
    assertThat(put.status()).as(put.toString()).isEqualTo(201);
    return service.run(name, Map.of());
  }

  private static String file(String run, String path) throws Exception {
    return new String(
        service.bytes("/api/runs/" + run + "/files/content?path=" + path).body(),
        StandardCharsets.UTF_8);
  }

  private static int count(String run, String type) {
    try {
      return service.events(run, type).size();
    } catch (Exception e) {
      return 0;
    }
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
