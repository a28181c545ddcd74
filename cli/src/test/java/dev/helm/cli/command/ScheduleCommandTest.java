package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScheduleCommandTest {
  private static final String RUN = "4f3a90c2d1e84b5fa6c7d8e9f0a1b2c3";
  private final TestService service = new TestService();
  private Terminal terminal;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
  }

  @AfterEach
  void end() {
    service.close();
  }

  private static Map<String, Object> fire(String outcome, String kind) {
    return Map.of(
        "scheduledAt",
        "2026-11-23T07:00:00.000Z",
        "kind",
        kind,
        "outcome",
        outcome,
        "run",
        RUN,
        "runStatus",
        "paused",
        "missed",
        outcome.equals("started") ? 2 : 0,
        "by",
        "ann",
        "at",
        "2026-11-23T07:00:01.000Z");
  }

  private static Map<String, Object> schedule(boolean paused) {
    Map<String, Object> schedule = new LinkedHashMap<>();
    schedule.put("id", "weekly");
    schedule.put("project", "default");
    schedule.put("blueprint", "weekly");
    schedule.put("cron", "0 8 * * MON");
    schedule.put("timeZone", "Europe/Berlin");
    schedule.put("overlap", "skip");
    schedule.put("catchUpMs", 5_400_000);
    schedule.put("input", Map.of());
    schedule.put("paused", paused);
    schedule.put("fromBlueprint", true);
    schedule.put("by", "ann");
    if (paused) {
      schedule.put("note", "holi\u001b[2Jdays");
    }
    schedule.put(
        "next",
        paused
            ? List.of()
            : List.of(
                Map.of("at", "2026-11-30T07:00:00.000Z", "local", "2026-11-30T08:00:00+01:00")));
    schedule.put("fires", List.of(fire("started", "schedule")));
    return schedule;
  }

  private void answer(String call, Object body) {
    service.on(call, _ -> TestService.json(Json.write(body)));
  }

  @Test
  void aScheduleIsListedAndShownWithItsTimesAndFires() {
    answer("GET /api/schedules", Map.of("items", List.of(schedule(false), schedule(true))));
    answer("GET /api/schedules/weekly", schedule(false));
    assertThat(terminal.helm("schedule", "list")).isZero();
    assertThat(terminal.data().getFirst())
        .isEqualTo(
            "weekly · 0 8 * * MON Europe/Berlin · next Mon 30 Nov 2026 08:00 +01:00"
                + " · last 2026-11-23T07:00:00.000Z started 4f3a, paused, 2 before it missed");
    assertThat(terminal.data().getLast()).contains("paused (holi").doesNotContain("\u001b");
    assertThat(terminal.helm("schedule", "show", "weekly")).isZero();
    assertThat(String.join("\n", terminal.data()))
        .contains("skip, catches up for 90 min", "next      Mon 30 Nov 2026 08:00 +01:00")
        .contains("stands in the blueprint");
    assertThat(terminal.helm("schedule", "show", "weekly", "--json")).isZero();
    assertThat(Json.object(terminal.data().getLast())).containsEntry("id", "weekly");
  }

  @Test
  void oneIsMadePausedResumedAndRemoved() {
    answer("POST /api/schedules", schedule(false));
    answer("PATCH /api/schedules/weekly", schedule(true));
    answer("DELETE /api/schedules/weekly", Map.of("id", "weekly", "state", "removed"));
    assertThat(
            terminal.helm(
                "schedule",
                "create",
                "weekly",
                "--cron",
                "0 8 * * MON",
                "--time-zone",
                "Europe/Berlin",
                "--overlap",
                "bufferOne",
                "--catch-up",
                "90m",
                "--input",
                "n=3",
                "--budget",
                "1.5"))
        .isZero();
    assertThat(Json.object(service.asked("POST /api/schedules").getLast().body()))
        .isEqualTo(
            Json.object(
                "{\"blueprint\":\"weekly\",\"cron\":\"0 8 * * MON\",\"timeZone\":\"Europe/Berlin\","
                    + "\"overlap\":\"bufferOne\",\"catchUpMs\":5400000,\"input\":{\"n\":3},"
                    + "\"budgetUsd\":\"1.500000\"}"));
    assertThat(terminal.helm("schedule", "create", "weekly", "--catch-up", "soon")).isEqualTo(2);
    assertThat(terminal.helm("schedule", "pause", "weekly", "--note", "x")).isZero();
    assertThat(service.asked("PATCH /api/schedules/weekly").getLast().body())
        .isEqualTo("{\"note\":\"x\",\"paused\":true}");
    assertThat(terminal.helm("schedule", "resume", "weekly")).isZero();
    assertThat(service.asked("PATCH /api/schedules/weekly").getLast().body())
        .isEqualTo("{\"paused\":false}");
    assertThat(terminal.helm("schedule", "rm", "weekly")).isZero();
    assertThat(terminal.data()).last().isEqualTo("removed · weekly");
    assertThat(terminal.helm("schedule")).isEqualTo(2);
  }

  @Test
  void aTriggerPrintsTheRunOrSaysWhyThereIsNone() {
    answer("POST /api/schedules/weekly/trigger", fire("started", "trigger"));
    assertThat(terminal.helm("schedule", "trigger", "weekly")).isZero();
    assertThat(terminal.data()).containsExactly(RUN);
    answer("POST /api/schedules/weekly/trigger", fire("skipped", "trigger"));
    assertThat(terminal.helm("schedule", "trigger", "weekly")).isEqualTo(5);
    assertThat(terminal.data()).containsExactly(RUN);
    assertThat(String.join("\n", terminal.words())).contains("skipped: 4f3a");
  }

  @Test
  void applyingABlueprintSaysWhenItStarts() throws Exception {
    Path file = Files.writeString(home.resolve("weekly.yaml"), "name: weekly\n");
    answer(
        "PUT /api/blueprints/weekly",
        Map.of(
            "name",
            "weekly",
            "version",
            2,
            "blueprint",
            Map.of("schedule", Map.of("cron", "0 8 * * MON"))));
    answer("GET /api/schedules/weekly", schedule(false));
    assertThat(terminal.helm("blueprint", "apply", "-f", file.toString())).isZero();
    assertThat(terminal.data()).containsExactly("weekly@2");
    assertThat(String.join("\n", terminal.words()))
        .contains("schedule weekly · 0 8 * * MON Europe/Berlin", "next      Mon 30 Nov 2026");
  }
}
