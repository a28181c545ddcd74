package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A schedule of every minute with the service as a process, Temporal and containers, and a kill.
 */
@Tag("engine")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ScheduleRunTest {
  private static final Path OWN = Path.of("src", "test", "resources", "schedules");

  @Test
  void aFireWhileTheServiceIsDeadStartsOneRunAndOneThatFindsItOpenIsSkipped() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    try (ServiceProcess service = ServiceProcess.start(List.of(OWN), "")) {
      String yaml = Files.readString(OWN.resolve("blueprint.yaml"));
      awayFromTheMinute();
      RollbackRuns.expect(201, service.putYaml("/api/blueprints/weekly", yaml));
      awaitInTemporal(service);
      service.kill();
      Instant due = Instant.now().truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES);
      ServiceProcess.await("the minute", 90, () -> Instant.now().isAfter(due.plusSeconds(3)));
      service.up();
      ServiceProcess.await("a run", 90, () -> !runs(service).isEmpty());
      String run = runs(service).getFirst();
      JsonNode asked = service.awaitEvent(run, "permission.requested");
      JsonNode created = service.events(run, "run.created").getFirst().path("data");
      assertThat(created.path("schedule").asText()).isEqualTo("weekly");
      Instant stands = Instant.parse(created.path("scheduledAt").asText());
      assertThat(Duration.between(due, stands)).isBetween(Duration.ZERO, Duration.ofMinutes(2));
      // Before the next one fires, the service dies again; the run goes on and is still open.
      service.kill();
      service.up();
      ServiceProcess.await("a skip", 150, () -> outcomes(service).contains("skipped"));
      assertThat(runs(service)).containsExactly(run);
      assertThat(fire(service, "skipped").path("run").asText()).isEqualTo(run);
      service.post(
          "/api/permissions/" + asked.path("data").path("permissionId").asText(),
          Map.of("decision", "deny"));
      assertThat(service.awaitEnd(run)).isEqualTo("succeeded");
      ServiceProcess.await("the next run", 150, () -> runs(service).size() == 2);
      assertThat(outcomes(service).stream().filter("started"::equals)).hasSize(2);
    }
  }

  /** Leaves time to store, to hear and to kill before it fires. */
  private static void awayFromTheMinute() {
    ServiceProcess.await(
        "the start of a minute", 90, () -> Instant.now().getEpochSecond() % 60 < 40);
  }

  private static void awaitInTemporal(ServiceProcess service) {
    ServiceProcess.await(
        "Temporal's schedule", 60, () -> service.log().contains("schedule weekly is on"));
  }

  private static List<String> runs(ServiceProcess service) {
    return items(service, "/api/runs", "items", "id");
  }

  private static List<String> outcomes(ServiceProcess service) {
    return items(service, "/api/schedules/weekly", "fires", "outcome");
  }

  private static JsonNode fire(ServiceProcess service, String outcome) throws Exception {
    for (JsonNode fire : service.get("/api/schedules/weekly").body().path("fires")) {
      if (fire.path("outcome").asText().equals(outcome)) {
        return fire;
      }
    }
    throw new AssertionError("no fire was " + outcome);
  }

  private static List<String> items(
      ServiceProcess service, String path, String list, String member) {
    List<String> found = new ArrayList<>();
    try {
      service.get(path).body().path(list).forEach(each -> found.add(each.path(member).asText()));
    } catch (Exception e) {
      return List.of();
    }
    return found;
  }
}
