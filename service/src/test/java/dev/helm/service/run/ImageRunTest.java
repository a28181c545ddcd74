package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs in images of their blueprints, with the service as a process, Temporal and containers. */
@Tag("engine")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class ImageRunTest {
  private static final Path SCENARIOS = Path.of("src", "test", "resources", "images");
  private static final String PACKAGE = "npm:semver@7.7.2";

  @BeforeAll
  static void engine() {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
  }

  @Test
  void aRunWaitsForItsImageAndThenHasItsPackages() throws Exception {
    try (ServiceProcess service =
        ServiceProcess.start(List.of(SCENARIOS), "sandbox: {images: [\"no-such-image:1\"]}\n")) {
      String run = started(service, "[" + PACKAGE + "]");
      ServiceProcess.await(
          "the command's end", 420, () -> !events(service, run, "tool.finished").isEmpty());
      assertThat(RollbackRuns.data(events(service, run, "tool.finished").getFirst(), "result"))
          .contains("1.2.3-beta.1\nv2");
      service.awaitEnd(run);
      String image = RollbackRuns.data(events(service, run, "run.started").getFirst(), "image");
      assertThat(image).matches("(npm:semver@7.7.2 on )?sha256:[0-9a-f]{64}");
      // Made quickly, it is there before the first call.
      List<JsonNode> pauses = events(service, run, "run.paused");
      assertThat(pauses).allMatch(pause -> pause.toString().contains(PACKAGE));
      assertThat(events(service, run, "run.resumed")).hasSameSizeAs(pauses);

      String none = started(service, "no-such-image:1");
      ServiceProcess.await(
          "a refusal", 120, () -> !events(service, none, "tool.blocked").isEmpty());
      assertThat(RollbackRuns.data(events(service, none, "tool.blocked").getFirst(), "reason"))
          .contains("no image no-such-image:1");
      service.awaitEnd(none);
      String other = yaml("debian:12");
      assertThat(service.putYaml("/api/blueprints/packaged", other).body().toString())
          .contains("does not let blueprints name the image debian:12");
    }
  }

  private static String started(ServiceProcess service, String image) throws Exception {
    RollbackRuns.expect(201, service.putYaml("/api/blueprints/packaged", yaml(image)));
    return service.run("packaged", Map.of());
  }

  private static String yaml(String image) throws Exception {
    return Files.readString(SCENARIOS.resolve("blueprint.yaml")).replace("IMAGE", image);
  }

  private static List<JsonNode> events(ServiceProcess service, String run, String type) {
    try {
      return service.events(run, type);
    } catch (Exception e) {
      return List.of();
    }
  }
}
