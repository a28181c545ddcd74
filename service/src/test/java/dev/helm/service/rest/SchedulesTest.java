package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.api.blueprint.Overlap;
import dev.helm.api.rest.ScheduleBodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.FireStore;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.Times;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schedules through REST, and what comes of their fires, with the real store and no Temporal. */
class SchedulesTest {
  private static final String EVERY_TEN =
      "{\"blueprint\":\"brief\",\"cron\":\"*/10 * * * *\",\"timeZone\":\"Europe/Berlin\"";

  private RunningService service;
  private ScheduleFires fires;

  @BeforeEach
  void up() {
    service = RunningService.start();
    fires =
        new ScheduleFires(
            service.store(),
            new RunStarts(
                service.store().blueprints(),
                () -> service.backend().readOnlyBecause(),
                () -> service.backend().images(),
                false),
            service.backend());
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isEqualTo(201);
  }

  @AfterEach
  void down() {
    service.close();
  }

  private RunningService.Answer patch(String id, String body) {
    return service.send(
        service
            .authorized("/api/schedules/" + id)
            .header("Content-Type", "application/json")
            .method("PATCH", HttpRequest.BodyPublishers.ofString(body)));
  }

  private void create(String more) {
    RunningService.Answer made = service.post("/api/schedules", EVERY_TEN + more + "}");
    assertThat(made.status()).as(made.raw().body()).isEqualTo(201);
  }

  private Instant now() {
    return service.clock.instant();
  }

  /** Goes to the next full ten minutes and a second, and has the fire of that time come. */
  private Instant fireNext() {
    Instant due = next();
    service.clock.forward(Duration.between(now(), due.plusSeconds(1)));
    fires.due("brief", due);
    return due;
  }

  private Instant next() {
    long tenMinutes = 600;
    long at = now().getEpochSecond() / tenMinutes * tenMinutes + tenMinutes;
    return Instant.ofEpochSecond(at);
  }

  private List<JsonNode> history() {
    JsonNode found = service.get("/api/schedules/brief").json().path("fires");
    return StreamSupport.stream(found.spliterator(), false).toList();
  }

  private List<String> outcomes() {
    return history().stream().map(each -> each.path("outcome").asText()).toList();
  }

  private List<String> runs() {
    return service.get("/api/runs").json().path("items").findValuesAsText("id");
  }

  private String lastRun() {
    return runs().getFirst();
  }

  @Test
  void aScheduleIsMadeShownChangedAndRemoved() {
    RunningService.Answer made =
        service.post(
            "/api/schedules",
            """
            {"blueprint":"brief","name":"mondays","cron":"0 8 * * MON","timeZone":"Europe/Berlin",
             "input":{"quarter":"Q2"},"budgetUsd":"1.50"}
            """);
    assertThat(made.status()).as(made.raw().body()).isEqualTo(201);
    JsonNode schedule = service.get("/api/schedules/mondays").json();
    assertThat(schedule).isEqualTo(made.json());
    assertThat(schedule.path("cron").asText()).isEqualTo("0 8 * * MON");
    assertThat(schedule.path("overlap").asText()).isEqualTo("skip");
    assertThat(schedule.path("catchUpMs").asLong()).isEqualTo(3_600_000);
    assertThat(schedule.path("by").asText()).isEqualTo("owner");
    assertThat(schedule.path("next")).hasSize(3);
    for (JsonNode next : schedule.path("next")) {
      assertThat(next.path("local").asText()).contains("T08:00:00+0");
      assertThat(Instant.parse(next.path("at").asText())).isAfter(now());
    }
    RunningService.Answer paused =
        patch("mondays", "{\"paused\":true,\"note\":\"holidays\",\"overlap\":\"allowAll\"}");
    assertThat(paused.status()).isEqualTo(200);
    assertThat(paused.json().path("note").asText()).isEqualTo("holidays");
    assertThat(paused.json().path("next")).isEmpty();
    assertThat(paused.text("overlap")).isEqualTo("allowAll");
    assertThat(service.get("/api/schedules").json().path("items")).hasSize(1);
    RunningService.Answer gone = service.delete("/api/schedules/mondays");
    assertThat(gone.text("state")).isEqualTo("removed");
    assertThat(service.get("/api/schedules/mondays").status()).isEqualTo(404);
    assertThat(service.delete("/api/schedules/mondays").status()).isEqualTo(404);
    String audit = service.get("/api/audit").raw().body();
    assertThat(audit).contains("/api/schedules/mondays", "0 8 * * MON", "holidays");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                          | 400 | blueprint
          {"blueprint":"none","cron":"0 8 * * 1","timeZone":"UTC"}    | 404 | no blueprint
          {"blueprint":"brief@1","cron":"0 8 * * 1","timeZone":"UTC","name":"x"} | 400 | newest
          {"blueprint":"brief"}                                       | 400 | suggests no schedule
          {"blueprint":"brief","cron":"0 8 * * 1"}                    | 400 | timeZone
          {"blueprint":"brief","cron":"0 8 31 4 *","timeZone":"UTC"}  | 400 | never fires
          {"blueprint":"brief","cron":"x","timeZone":"UTC"}           | 400 | five fields
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"Europe/Berlinn"} | 400 | Europe/Berlin
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"+02:00"} | 400 | summer time
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","overlap":"maybe"} | 400 | bufferOne
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","catchUpMs":5} | 400 | catchUpMs
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","name":"A b"} | 400 | name
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","input":{"quarter":"Q9"}} | 400 | input
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","budgetUsd":"0"} | 400 | budgetUsd
          {"blueprint":"brief","cron":"0 8 * * 1","timeZone":"UTC","other":1} | 400 | other
          """)
  void badInputIsRefusedWhenSomebodyIsThereToReadIt(String body, int status, String words) {
    RunningService.Answer refused = service.post("/api/schedules", body);
    assertThat(refused.status()).as(refused.raw().body()).isEqualTo(status);
    assertThat(refused.raw().body()).contains(words);
    assertThat(service.get("/api/schedules").json().path("items")).isEmpty();
  }

  @Test
  void aNameIsGivenOnceAndABadChangeChangesNothing() {
    create("");
    assertThat(service.post("/api/schedules", EVERY_TEN + "}").status()).isEqualTo(409);
    JsonNode before = service.get("/api/schedules/brief").json();
    for (String bad :
        List.of("{\"cron\":\"0 8 * *\"}", "{\"timeZone\":\"CET\"}", "{\"input\":{\"no\":1}}")) {
      assertThat(patch("brief", bad).status()).as(bad).isEqualTo(400);
    }
    assertThat(service.get("/api/schedules/brief").json()).isEqualTo(before);
  }

  @Test
  void aFireStartsOneRunHoweverOftenItComesAndItsLogSaysWhy() {
    create(",\"input\":{\"quarter\":\"Q2\"},\"budgetUsd\":\"1.25\"");
    String newer = RunningService.BRIEF.replace("depth:", "# newer\n  depth:");
    assertThat(service.putYaml("brief", newer.replace("A brief", "Newer")).status()).isEqualTo(201);
    Instant due = next();
    service.clock.forward(Duration.between(now(), due.plusSeconds(1)));
    service.backend().down = true;
    assertThatThrownBy(() -> fires.due("brief", due)).isInstanceOf(RunControl.WorkflowsDown.class);
    service.backend().down = false;
    fires.due("brief", due);
    fires.due("brief", due);
    assertThat(service.backend().starts).hasValue(1);
    assertThat(runs()).hasSize(1);
    JsonNode created =
        service.get("/api/runs/" + lastRun() + "/events").json().path("items").get(0).path("data");
    assertThat(created.path("schedule").asText()).isEqualTo("brief");
    assertThat(Instant.parse(created.path("scheduledAt").asText())).isEqualTo(due);
    assertThat(created.path("by").asText()).isEqualTo("owner");
    assertThat(created.path("blueprint").asText()).isEqualTo("brief@2");
    assertThat(created.path("budgetUsd").asText()).isEqualTo("1.250000");
    assertThat(created.path("input").toString()).contains("Q2");
    assertThat(history().getFirst().path("runStatus").asText()).isEqualTo("running");
  }

  @Test
  void whileARunIsOpenAFireIsSkippedAndToldOnce() {
    create("");
    fireNext();
    String run = lastRun();
    service.backend().ask(run, "p-1");
    fireNext();
    fireNext();
    assertThat(runs()).containsExactly(run);
    assertThat(outcomes()).containsExactly("skipped", "skipped", "started");
    assertThat(history().getFirst().path("run").asText()).isEqualTo(run);
    assertThat(service.store().fires().untold(10)).hasSize(1);
    service.backend().finish(run);
    fireNext();
    assertThat(runs()).hasSize(2);
  }

  @Test
  void oneFireWaitsForTheOpenRunAndNoMore() {
    create(",\"overlap\":\"bufferOne\"");
    fireNext();
    String run = lastRun();
    fireNext();
    fireNext();
    fires.look();
    assertThat(outcomes()).containsExactly("skipped", "waiting", "started");
    service.backend().finish(run);
    fires.look();
    fires.look();
    assertThat(outcomes()).containsExactly("skipped", "started", "started");
    assertThat(runs()).hasSize(2);
  }

  @Test
  void theOpenRunIsCancelledOrLeftBesideAsThePolicySays() {
    create(",\"overlap\":\"cancelOther\"");
    fireNext();
    String run = lastRun();
    fireNext();
    assertThat(service.get("/api/runs/" + run).text("status")).isEqualTo("cancelled");
    fires.look();
    assertThat(outcomes()).containsExactly("started", "started");
    assertThat(patch("brief", "{\"overlap\":\"allowAll\"}").status()).isEqualTo(200);
    fireNext();
    assertThat(service.get("/api/runs?status=active").json().path("items")).hasSize(2);
  }

  @Test
  void afterAnAbsenceTheNewestTimeIsCaughtUpWithAndTheOthersAreToldAsOne() {
    create(",\"catchUpMs\":3600000");
    fireNext();
    service.backend().finish(lastRun());
    Instant first = next();
    Instant newest = first.plus(Duration.ofMinutes(30));
    service.clock.forward(Duration.between(now(), newest.plusSeconds(60)));
    for (Instant at = first; !at.isAfter(newest); at = at.plusSeconds(600)) {
      fires.due("brief", at);
    }
    fires.look();
    assertThat(outcomes()).containsExactly("started", "started");
    assertThat(history().getFirst().path("missed").asInt()).isEqualTo(3);
    assertThat(service.store().fires().untold(10)).hasSize(1);
  }

  @Test
  void whatNobodyCouldStartInTimeIsMissedAndToldOnce() {
    create(",\"catchUpMs\":600000");
    fireNext();
    service.backend().finish(lastRun());
    Instant first = next();
    service.clock.forward(Duration.ofHours(3));
    fires.due("brief", first);
    fires.look();
    fires.look();
    assertThat(outcomes()).containsExactly("missed", "started");
    assertThat(history().getFirst().path("missed").asInt()).isBetween(14, 17);
    assertThat(runs()).hasSize(1);
    assertThat(service.store().fires().untold(10)).hasSize(1);
    // What is caught up with after the same absence is not told a second time.
    service.clock.forward(Duration.ofMinutes(5));
    fireNext();
    assertThat(outcomes()).containsExactly("started", "missed", "started");
    assertThat(service.store().fires().untold(10)).hasSize(1);
  }

  @Test
  void aLongAbsenceOfOftenFiresIsToldAsOne() {
    RunningService.Answer made =
        service.post(
            "/api/schedules",
            EVERY_TEN.replace("*/10 * * * *", "* * * * *") + ",\"catchUpMs\":600000}");
    assertThat(made.status()).isEqualTo(201);
    service.clock.forward(Duration.ofDays(3));
    fires.look();
    fires.look();
    fires.look();
    List<ScheduleBodies.Fire> came = service.store().fires().newest("brief", 10);
    assertThat(came).extracting(ScheduleBodies.Fire::outcome).containsExactly("missed");
    assertThat(came.getFirst().missed()).isEqualTo(1000);
    assertThat(Instant.parse(came.getFirst().scheduledAt()))
        .isAfter(now().minus(Duration.ofMinutes(13)));
    assertThat(service.store().fires().untold(10)).hasSize(1);
  }

  @Test
  void manyTriggersDoNotHaveATimeThatFiredCountAsMissed() {
    create("");
    Instant due = fireNext();
    service.backend().finish(lastRun());
    refusedTriggers(260);
    assertThat(service.store().fires().lastTime("brief")).isEqualTo(Times.text(due));
  }

  private void refusedTriggers(int count) {
    for (int i = 0; i < count; i++) {
      String at = Times.text(now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(i));
      service
          .store()
          .fires()
          .end(
              new FireStore.Due("brief", "k" + i, at, FireStore.TRIGGER, 0, null, null),
              FireStore.REFUSED,
              "no");
    }
  }

  private static ScheduleStore.Definition bySystem(String id, String zone) {
    return new ScheduleStore.Definition(
        id,
        "default",
        "brief",
        "0 8 * * *",
        zone,
        Overlap.SKIP,
        3_600_000,
        Map.of(),
        null,
        null,
        false,
        "u1",
        "ann");
  }

  @Test
  void aTimeZoneThatIsKnownNoMoreLeavesTheOthersToBeSeen() {
    create("");
    var unused = service.store().schedules().put(bySystem("lost", "Nowhere/Lost"), false);
    JsonNode all = service.get("/api/schedules").json().path("items");
    assertThat(all.findValuesAsText("id")).containsExactly("brief", "lost");
    assertThat(all.get(0).path("next")).hasSize(3);
    assertThat(all.get(1).path("next")).isEmpty();
  }

  @Test
  void pausedItDoesNotFireAndDoesNotCatchUpButCanBeTriggered() {
    create("");
    assertThat(patch("brief", "{\"paused\":true}").status()).isEqualTo(200);
    Instant due = fireNext();
    service.clock.forward(Duration.ofHours(5));
    fires.look();
    assertThat(history()).isEmpty();
    assertThat(patch("brief", "{\"paused\":false}").status()).isEqualTo(200);
    fires.due("brief", due);
    fires.look();
    assertThat(history()).isEmpty();
    RunningService.Answer now = service.post("/api/schedules/brief/trigger", "");
    assertThat(now.status()).as(now.raw().body()).isEqualTo(200);
    assertThat(now.text("outcome")).isEqualTo("started");
    assertThat(now.text("kind")).isEqualTo("trigger");
    assertThat(runs()).containsExactly(now.text("run"));
  }

  @Test
  void aTriggerHappensOnceAndKeepsToThePolicy() {
    create("");
    String key = "once";
    RunningService.Answer first = service.post("/api/schedules/brief/trigger", "", key);
    RunningService.Answer again = service.post("/api/schedules/brief/trigger", "", key);
    assertThat(again.json()).isEqualTo(first.json());
    assertThat(service.post("/api/schedules/brief/trigger", "").text("outcome"))
        .isEqualTo("skipped");
    assertThat(runs()).hasSize(1);
    service.backend().finish(first.text("run"));
    service.backend().readOnly = "there is no container engine";
    assertThat(service.post("/api/schedules/brief/trigger", "").status()).isEqualTo(503);
    assertThat(service.post("/api/schedules/none/trigger", "").status()).isEqualTo(404);
  }

  @Test
  void withoutAnEngineAFireWaitsForOneAsLongAsItMay() {
    create(",\"catchUpMs\":300000");
    service.backend().readOnly = "there is no container engine";
    Instant due = next();
    service.clock.forward(Duration.between(now(), due.plusSeconds(1)));
    assertThatThrownBy(() -> fires.due("brief", due)).isInstanceOf(ProblemException.class);
    service.backend().readOnly = null;
    service.clock.forward(Duration.ofSeconds(60));
    fires.due("brief", due);
    assertThat(outcomes()).containsExactly("started");
  }

  @Test
  void aScheduleOfSomebodyWhoMayNoLongerStartRunsStartsNone() {
    String token = service.person("ada", Map.of("*", Role.OPERATOR));
    service.as(token);
    create("");
    service.as(null);
    var ada = Objects.requireNonNull(service.store().users().byName("ada"));
    service
        .store()
        .users()
        .change(ada.id(), user -> user.withRoles(dev.helm.service.store.Roles.NONE));
    fireNext();
    assertThat(outcomes()).containsExactly("refused");
    service.store().users().change(ada.id(), user -> user.withDisabled(true));
    fireNext();
    assertThat(history().getFirst().path("reason").asText()).contains("ada");
    assertThat(runs()).isEmpty();
    assertThat(service.store().fires().untold(10)).hasSize(1);
    // Who says anew what it is to do has its runs from then on.
    assertThat(patch("brief", "{\"input\":{\"quarter\":\"Q2\"}}").text("by")).isEqualTo("owner");
    fireNext();
    assertThat(runs()).hasSize(1);
  }

  @Test
  void aBlueprintThatNoLongerFitsIsToldAndNotStarted() {
    create(",\"input\":{\"quarter\":\"Q2\"}");
    String narrower = RunningService.BRIEF.replace("[Q1, Q2]", "[Q1]");
    assertThat(service.putYaml("brief", narrower).status()).isEqualTo(201);
    fireNext();
    assertThat(outcomes()).containsExactly("refused");
    assertThat(history().getFirst().path("reason").asText()).contains("quarter");
  }

  @Test
  void aBlueprintBringsItsScheduleAndTakesItAway() {
    String with =
        RunningService.BRIEF
            + "schedule: {cron: \"0 8 * * MON\", timeZone: Europe/Berlin, inputs: {quarter: Q2}}\n";
    assertThat(service.putYaml("brief", with).status()).isEqualTo(201);
    JsonNode made = service.get("/api/schedules/brief").json();
    assertThat(made.path("fromBlueprint").asBoolean()).isTrue();
    assertThat(made.path("input").path("quarter").asText()).isEqualTo("Q2");
    patch("brief", "{\"paused\":true,\"note\":\"holidays\"}");
    JsonNode paused = service.get("/api/schedules/brief").json();
    assertThat(service.putYaml("brief", with).status()).isEqualTo(200);
    assertThat(service.get("/api/schedules/brief").json()).isEqualTo(paused);
    assertThat(service.putYaml("brief", with.replace("0 8", "0 9")).status()).isEqualTo(201);
    JsonNode changed = service.get("/api/schedules/brief").json();
    assertThat(changed.path("cron").asText()).isEqualTo("0 9 * * MON");
    assertThat(changed.path("paused").asBoolean()).isTrue();
    assertThat(service.get("/api/blueprints/brief/diff").text("patch"))
        .contains("+  cron: \"0 9 * * MON\"");
    assertThat(service.putYaml("brief", RunningService.BRIEF).status()).isEqualTo(201);
    assertThat(service.get("/api/schedules/brief").status()).isEqualTo(404);
    // What somebody made by hand stays.
    create("");
    assertThat(service.putYaml("brief", with.replace("0 8", "0 7")).status()).isEqualTo(201);
    assertThat(
            service.post("/api/schedules", "{\"blueprint\":\"brief\",\"name\":\"more\"}").status())
        .isEqualTo(201);
    assertThat(service.get("/api/schedules/more").text("cron")).isEqualTo("0 7 * * MON");
  }

  @Test
  void aBlueprintWhoseScheduleHasNoPlaceIsNotStored() {
    for (int i = 0; i < 100; i++) {
      var unused = service.store().schedules().put(bySystem("s" + i, "UTC"), false);
    }
    String more =
        RunningService.BRIEF.replace("name: brief", "name: more")
            + "schedule: {cron: \"0 8 * * MON\", timeZone: UTC}\n";
    RunningService.Answer refused = service.putYaml("more", more);
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.raw().body()).contains("at most 100 schedules");
    assertThat(service.get("/api/blueprints/more").status()).isEqualTo(404);
  }

  @Test
  void aNameOfAnotherBlueprintsScheduleIsNotTakenOver() {
    assertThat(service.post("/api/schedules", EVERY_TEN + ",\"name\":\"other\"}").status())
        .isEqualTo(201);
    String other =
        RunningService.BRIEF.replace("name: brief", "name: other")
            + "schedule: {cron: \"0 8 * * MON\", timeZone: UTC}\n";
    assertThat(service.putYaml("other", other).status()).isEqualTo(409);
    assertThat(service.get("/api/blueprints/other").status()).isEqualTo(404);
    assertThat(service.get("/api/schedules/other").text("blueprint")).isEqualTo("brief");
  }

  @Test
  void aRemovedOneFiresNoMoreAndItsHistoryIsBounded() {
    create(",\"overlap\":\"allowAll\"");
    Instant due = fireNext();
    assertThat(service.delete("/api/schedules/brief").status()).isEqualTo(200);
    fires.due("brief", due);
    assertThat(runs()).hasSize(1);
    create("");
    assertThat(history()).isEmpty();
    FireStore store = service.store().fires();
    refusedTriggers(260);
    assertThat(store.newest("brief", 1000)).hasSize(200);
    assertThat(service.store().schedules().find(Access.system(), "brief")).isNotNull();
  }
}
