package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Sha256;
import dev.helm.cli.Commands;
import dev.helm.cli.Training;
import dev.helm.cli.http.Json;
import dev.helm.cli.testing.HttpHead;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import dev.helm.cli.testing.TestService.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CommandsTest {
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

  private static String status(int active) {
    return "{\"backend\":\"healthy\",\"activeRuns\":"
        + active
        + ",\"version\":\"0.1.0\",\"practice\":false,\"components\":[]}";
  }

  private static Map<String, Object> run(String id, String name, String status, long seconds) {
    return Map.of(
        "id",
        id,
        "name",
        name,
        "status",
        status,
        "startedAt",
        Instant.now().minusSeconds(seconds).toString(),
        "createdAt",
        Instant.now().toString());
  }

  private void inbox(Map<?, ?>... items) {
    service.on(
        "GET /api/inbox", _ -> TestService.json(Json.write(Map.of("items", List.of(items)))));
  }

  private static Map<String, Object> permission(String id) {
    return Map.of(
        "id",
        id,
        "kind",
        "permission",
        "run",
        Story.RUN,
        "runName",
        "q1-competitor-brief",
        "deadline",
        Instant.now().plusSeconds(1_790).toString(),
        "otherwise",
        "deny",
        "tool",
        "SendEmail",
        "object",
        "\"Q1 Competitor Brief\" → leadership@",
        "arguments",
        Story.MAIL,
        "argumentsHash",
        Sha256.hex(Story.MAIL));
  }

  @Test
  void statusIsTheLandingPagesLine() {
    service.on("GET /api/status", _ -> TestService.json(status(2)));
    assertThat(terminal.helm("status")).isZero();
    assertThat(terminal.data()).containsExactly("● backend healthy · 2 active runs");
    assertThat(terminal.words()).isEmpty();
  }

  @Test
  void jsonIsTheAnswerOnOneLine() {
    service.on("GET /api/status", _ -> TestService.json(status(1)));
    assertThat(terminal.helm("status", "--json")).isZero();
    assertThat(terminal.data())
        .containsExactly(
            "{\"activeRuns\":1,\"backend\":\"healthy\",\"components\":[],\"practice\":false,\"version\":\"0.1.0\"}");
  }

  @Test
  void runsAreTheLandingPagesLinesAndIdsGrowWhereTheyMust() {
    String twin = "4f3b" + "0".repeat(28);
    service.on(
        "GET /api/runs",
        _ ->
            TestService.json(
                Json.write(
                    Map.of(
                        "items",
                        List.of(
                            run(Story.RUN, "q1-competitor-brief", "running", 134),
                            run("9b1c" + "0".repeat(28), "events-etl-nightly", "running", 702),
                            run(twin, "a", "failed", 1),
                            run("4f3b1" + "0".repeat(27), "b", "running", 3600 * 101))))));
    assertThat(terminal.helm("runs", "--status", "running")).isZero();
    assertThat(terminal.data().get(0)).matches("4f3a · q1-competitor-brief · 00:02:1[45]");
    assertThat(terminal.data().get(1)).matches("9b1c · events-etl-nightly · 00:11:4[23]");
    assertThat(terminal.data().get(2)).matches("4f3b0 · a · 00:00:0\\d · failed");
    assertThat(terminal.data().get(3)).matches("4f3b1 · b · 101:00:0\\d");
    assertThat(service.asked().getFirst().target()).contains("status=running");
  }

  @Test
  void theUnparsedWayPrintsWhatTheParsedOneDoes() {
    service.on("GET /api/status", _ -> TestService.json(status(2)));
    assertThat(terminal.helm("status", "--json")).isZero();
    assertThat(terminal.helm("status", "--json=true")).isZero();
    assertThat(terminal.data().get(0)).isEqualTo(terminal.data().get(1));
    service.on("GET /api/runs", _ -> TestService.json("{\"items\":[]}"));
    assertThat(terminal.helm("runs")).isZero();
    assertThat(terminal.helm("runs", "--limit=100")).isZero();
    assertThat(service.asked("GET /api/runs"))
        .extracting(HttpHead::target)
        .containsOnly("/api/runs?limit=100");
  }

  @Test
  void trainingRunsAlone() throws IOException {
    Training.main(new String[0]);
  }

  @Test
  void emptyListsTeach() {
    service.on("GET /api/runs", _ -> TestService.json("{\"items\":[]}"));
    inbox();
    assertThat(terminal.helm("runs")).isZero();
    assertThat(terminal.helm("inbox")).isZero();
    assertThat(terminal.data()).isEmpty();
    assertThat(terminal.words())
        .containsExactly(
            "No runs yet. Start one: helm run q1-competitor-brief", "Nothing waits for you.");
  }

  @Test
  void allowShowsTheWholeCallAndSendsItsHash() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ -> TestService.json("{\"id\":\"perm-1\",\"run\":\"r\",\"state\":\"decided\"}"));
    assertThat(terminal.helm("allow", "4f3a")).isZero();
    assertThat(terminal.data())
        .containsExactly("allowed · SendEmail \"Q1 Competitor Brief\" → leadership@ · 4f3a");
    assertThat(terminal.words())
        .containsExactly(
            "q1-competitor-brief wants to SendEmail \"Q1 Competitor Brief\" → leadership@",
            "to: leadership@demo.test",
            "subject: Q1 Competitor Brief",
            "attachments: competitive_intel.csv",
            "",
            "Dear all,",
            "see the table.");
    assertThat(service.asked("POST /api/permissions/perm-1").getFirst().body())
        .isEqualTo("{\"argumentsHash\":\"" + Sha256.hex(Story.MAIL) + "\",\"decision\":\"allow\"}");
  }

  @Test
  void allowWithChangedArgumentsAndARuleSaysBothFirst() throws java.io.IOException {
    Map<String, Object> item = new HashMap<>(permission("perm-1"));
    item.put(
        "asked",
        Map.of(
            "need",
            1,
            "approvals",
            List.of(),
            "because",
            "a rule asks",
            "rule",
            "SendEmail",
            "risk",
            List.of("outward: cannot be taken back"),
            "remember",
            Map.of("rule", "SendEmail(to=a@b.test)", "text", "From now on.")));
    inbox(item);
    service.on(
        "POST /api/permissions/perm-1",
        _ -> TestService.json("{\"id\":\"perm-1\",\"run\":\"r\",\"state\":\"decided\"}"));
    assertThat(
            terminal.helm(
                "allow", "perm-1", "--arguments", "{\"to\":\"a@b.test\"}", "--remember", "run"))
        .isZero();
    assertThat(terminal.words())
        .contains(
            "asked because a rule asks: SendEmail",
            "touches: outward: cannot be taken back",
            "could be remembered: SendEmail(to=a@b.test)",
            "changed to: leadership@demo.test → a@b.test",
            "changed subject: left out",
            "From now on SendEmail(to=a@b.test) runs without asking, in this run.");
    assertThat(service.asked("POST /api/permissions/perm-1").getFirst().body())
        .contains(
            "\"arguments\":{\"to\":\"a@b.test\"}",
            "\"remember\":{\"rule\":\"SendEmail(to=a@b.test)\",\"scope\":\"run\"}");
    assertThat(terminal.data())
        .last()
        .asString()
        .contains("→ a@b.test")
        .doesNotContain("leadership@");
    int said = terminal.words().size();
    java.nio.file.Path file = java.nio.file.Files.createTempFile("arguments", ".json");
    java.nio.file.Files.writeString(file, "not json");
    assertThat(terminal.helm("allow", "perm-1", "--edit", file.toString())).isEqualTo(2);
    assertThat(terminal.helm("allow", "perm-1", "--rule", "Bash")).isEqualTo(2);
    assertThat(terminal.helm("allow", "perm-1", "--remember", "ever")).isEqualTo(2);
    assertThat(terminal.helm("allow", "perm-1", "--remember", "run", "--expires", "soon"))
        .isEqualTo(2);
    java.nio.file.Files.delete(file);
    assertThat(service.asked("POST /api/permissions/perm-1")).hasSize(1);
    assertThat(terminal.words().subList(said, terminal.words().size())).hasSize(8);
  }

  @Test
  void aRefusedRuleIsNotPromisedFirst() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ ->
            new Answer(
                422,
                "{\"type\":\"about:blank\",\"title\":\"the rule cannot be remembered\","
                    + "\"status\":422,\"code\":\"invalid\"}"));
    assertThat(terminal.helm("allow", "perm-1", "--remember", "run", "--rule", "Write"))
        .isEqualTo(1);
    assertThat(terminal.words()).containsExactly("the rule cannot be remembered.");
  }

  @Test
  void withJsonAFailureIsAnObjectToo() {
    inbox();
    assertThat(terminal.helm("allow", "beef", "--json")).isEqualTo(4);
    assertThat(terminal.data())
        .containsExactly(
            "{\"error\":{\"code\":\"not_found\",\"detail\":\"\\\"helm inbox\\\" shows what waits.\","
                + "\"exit\":4,\"title\":\"Nothing that \\\"beef\\\" names waits for a person.\"}}");
    assertThat(terminal.words()).hasSize(2);
    assertThat(terminal.helm("allow", "--json")).isEqualTo(2);
    assertThat(terminal.data()).last().asString().startsWith("{\"error\":{\"code\":\"usage\"");
  }

  @Test
  void anAmountOfNothingPointsToStopping() {
    service.on("GET /api/budgets", _ -> TestService.json("{\"items\":[]}"));
    assertThat(terminal.helm("budget", "set", "installation", "--day", "0")).isEqualTo(2);
    assertThat(terminal.words()).last().asString().contains("helm stop").contains("helm pause");
  }

  @Test
  void anApprovalByOneOfTwoSaysSo() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ ->
            new Answer(
                202, "{\"id\":\"perm-1\",\"run\":\"r\",\"state\":\"open\",\"have\":1,\"need\":2}"));
    assertThat(terminal.helm("allow", "perm-1")).isZero();
    assertThat(terminal.data().getFirst()).startsWith("allowed · 1 of 2, more people must allow");
  }

  @Test
  void denyTakesItsReasonAsWords() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ -> TestService.json("{\"id\":\"perm-1\",\"run\":\"r\",\"state\":\"decided\"}"));
    assertThat(terminal.helm("deny", "perm-1", "ask", "the", "team", "first")).isZero();
    assertThat(service.asked("POST /api/permissions/perm-1").getFirst().body())
        .contains("\"reason\":\"ask the team first\"");
  }

  @Test
  void rulesAreListedAndRevoked() {
    String rule =
        "{\"id\":\"r1\",\"rule\":\"Bash(npm run *)\",\"scope\":\"blueprint\",\"state\":\"STATE\","
            + "\"run\":\"4f3a\",\"blueprint\":\"brief\",\"project\":\"default\",\"by\":\"ann\","
            + "\"permission\":\"p1\",\"rememberedAt\":\"2026-03-02T14:02:24.000Z\"}";
    service.on(
        "GET /api/rules",
        _ ->
            TestService.json(
                "{\"items\":["
                    + rule.replace("STATE", "active")
                    + ","
                    + rule.replace("STATE", "expired")
                    + "]}"));
    service.on("DELETE /api/rules/r1", _ -> TestService.json(rule.replace("STATE", "revoked")));
    assertThat(terminal.helm("rules")).isZero();
    assertThat(terminal.data()).containsExactly("r1 · Bash(npm run *) · brief · ann");
    assertThat(terminal.helm("rules", "revoke", "r1")).isZero();
    assertThat(terminal.data()).contains("revoked · Bash(npm run *)");
  }

  @Test
  void theLoserOfARaceLearnsWhoWon() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ ->
            new Answer(
                409,
                "{\"type\":\"about:blank\",\"title\":\"decided\",\"status\":409,\"code\":\"already_decided\",\"winner\":{\"decision\":\"deny\",\"by\":{\"user\":\"ann\",\"device\":\"phone\"},\"at\":\"2026-03-02T14:02:24.000Z\"}}"));
    assertThat(terminal.helm("allow", "perm-1")).isEqualTo(5);
    assertThat(terminal.words()).anyMatch(line -> line.startsWith("Denied by ann on phone at "));
    assertThat(terminal.data()).isEmpty();
  }

  @Test
  void anAcceptedDecisionIsFollowedToItsEnd() {
    inbox(permission("perm-1"));
    service.on(
        "POST /api/permissions/perm-1",
        _ -> new Answer(202, "{\"id\":\"perm-1\",\"state\":\"accepted\"}"));
    service.on(
        "GET /api/permissions/perm-1",
        _ ->
            TestService.json(
                "{\"id\":\"perm-1\",\"state\":\"decided\",\"winner\":{\"decision\":\"deny\",\"by\":{\"user\":\"owner\"},\"at\":\"2026-03-02T14:02:24.000Z\"}}"));
    assertThat(terminal.helm("deny", "4f3a", "--reason", "too early")).isZero();
    assertThat(terminal.data())
        .containsExactly("denied · SendEmail \"Q1 Competitor Brief\" → leadership@ · 4f3a");
    assertThat(service.asked("POST /api/permissions/perm-1").getFirst().body())
        .contains("\"reason\":\"too early\"");
  }

  @Test
  void twoOpenPermissionsOfARunMustBeNamed() {
    inbox(permission("perm-1"), permission("perm-2"));
    assertThat(terminal.helm("allow", "4f3a")).isEqualTo(2);
    assertThat(terminal.words())
        .containsExactly(
            "\"4f3a\" names 2 things that wait.",
            "Name one: perm-1 (q1-competitor-brief · SendEmail), perm-2 (q1-competitor-brief · SendEmail)");
    assertThat(terminal.helm("allow", "beef")).isEqualTo(4);
  }

  @Test
  void answersGoByNumberOrWords() {
    inbox(
        Map.of(
            "id",
            "q-1",
            "kind",
            "question",
            "run",
            Story.RUN,
            "runName",
            "r",
            "deadline",
            "2099-01-01T00:00:00Z",
            "otherwise",
            "",
            "text",
            "Which?",
            "options",
            List.of("first", "second"),
            "freeText",
            true));
    service.on(
        "POST /api/questions/q-1",
        _ -> TestService.json("{\"id\":\"q-1\",\"state\":\"answered\"}"));
    assertThat(terminal.helm("allow", "4f3a")).isEqualTo(4);
    assertThat(terminal.words())
        .containsExactly("\"4f3a\" asks a question.", "Settle it: helm answer 4f3a NUMBER|TEXT");
    assertThat(terminal.helm("answer", "4f3a", "2")).isZero();
    assertThat(terminal.data()).containsExactly("answered · second · to: Which?");
    assertThat(service.asked("POST /api/questions/q-1").getFirst().body())
        .isEqualTo("{\"answer\":\"second\"}");
    for (String number : List.of("9", "0", "3")) {
      assertThat(terminal.helm("answer", "4f3a", number)).isEqualTo(2);
    }
    assertThat(terminal.words())
        .contains(
            "There are 2 options, so 9 is none of them.",
            "Write words in quotes to answer in words.");
    assertThat(service.asked("POST /api/questions/q-1")).hasSize(1);
    assertThat(terminal.helm("inbox")).isZero();
    assertThat(terminal.data().getLast())
        .startsWith("4f3a · r · question · Which? · 1 first · 2 second");
    assertThat(terminal.words()).last().isEqualTo("helm answer 4f3a NUMBER|TEXT");
  }

  @Test
  void messagesAreListedAndTakenBack() {
    String message =
        "{\"id\":\"%s\",\"text\":\"%s\",\"when\":\"next\",\"by\":\"ada\",\"state\":\"%s\","
            + "\"queuedAt\":\"2026-03-02T14:02:13.000Z\"%s}";
    service.on(
        "GET /api/runs/4f3a/messages",
        _ ->
            TestService.json(
                "{\"items\":["
                    + message.formatted("aaaa1111bbbb", "Hurry.", "read", ",\"readAtTurn\":2")
                    + ","
                    + message.formatted("cccc2222dddd", "Stop \\u001b[2J.", "queued", "")
                    + "]}"));
    service.on(
        "DELETE /api/runs/4f3a/messages/cccc2222dddd",
        _ -> TestService.json(message.formatted("cccc2222dddd", "x", "cancelled", "")));
    assertThat(terminal.helm("steer", "4f3a")).isZero();
    assertThat(terminal.data())
        .startsWith("aaaa1111 · read at turn 2 · next · ada · Hurry.")
        .last()
        .asString()
        .startsWith("cccc2222 · queued · next · ada · Stop ")
        .doesNotContain("\u001b");
    assertThat(terminal.helm("steer", "4f3a", "--cancel", "cccc")).isZero();
    assertThat(terminal.data()).last().isEqualTo("cancelled · cccc2222dddd");
    assertThat(terminal.helm("steer", "4f3a", "words", "--cancel", "cccc")).isEqualTo(2);
    assertThat(terminal.helm("steer", "4f3a", "--now")).isEqualTo(2);
  }

  @Test
  void stopTellsWhatPauses() {
    service.on(
        "POST /api/stop",
        _ ->
            TestService.json(
                "{\"items\":[{\"id\":\""
                    + Story.RUN
                    + "\",\"name\":\"brief\",\"project\":\"p\",\"state\":\"accepted\"}]}"));
    assertThat(terminal.helm("stop")).isZero();
    assertThat(terminal.data()).containsExactly("4f3a · brief · pauses");
    assertThat(terminal.helm("stop", "--yes", "--json")).isZero();
    assertThat(terminal.data()).last().asString().startsWith("{\"items\"");
    assertThat(service.asked("POST /api/stop")).hasSize(2);
  }

  private static String stopped(String id, String state) {
    return "{\"id\":\"%s\",\"name\":\"brief\",\"project\":\"p\",\"state\":\"%s\"}"
        .formatted(id, state);
  }

  @Test
  void stopTriesAgainAndFailsWhenARunCouldNotBeTold() {
    List<String> states = new java.util.ArrayList<>(List.of("rollback_under_way", "accepted"));
    service.on(
        "POST /api/stop",
        _ -> TestService.json("{\"items\":[" + stopped(Story.RUN, states.removeFirst()) + "]}"));
    assertThat(terminal.helm("stop")).isZero();
    assertThat(terminal.data()).containsExactly("4f3a · brief · pauses");
    service.on(
        "POST /api/stop",
        _ ->
            TestService.json(
                "{\"items\":["
                    + stopped(Story.RUN, "rollback_under_way")
                    + ","
                    + stopped("b".repeat(32), "accepted")
                    + "]}"));
    assertThat(terminal.helm("stop")).isEqualTo(1);
    assertThat(service.asked("POST /api/stop")).hasSize(5);
    assertThat(terminal.data())
        .endsWith("4f3a · brief · not paused, is being rolled back", "bbbb · brief · pauses");
    assertThat(terminal.words()).last().asString().startsWith("NOT PAUSED: 4f3a · brief: it is");
    assertThat(terminal.helm("stop", "--json")).isEqualTo(1);
    assertThat(terminal.data()).last().asString().startsWith("{\"items\"");
  }

  @Test
  void theInboxSaysWhoWasToldAndSinceWhen() {
    Map<String, Object> item = new HashMap<>(permission("perm-1"));
    item.put(
        "asked",
        Map.of(
            "need",
            1,
            "approvals",
            List.of(),
            "stage",
            "escalated",
            "escalatedTo",
            List.of("owner"),
            "escalatedAt",
            "2020-03-02T14:02:13.000Z"));
    inbox(item);
    assertThat(terminal.helm("inbox")).isZero();
    assertThat(terminal.data().getFirst())
        .contains(" · escalated to owner since 2020-03-0")
        .contains(" · denies in ");
  }

  @Test
  void theInboxSaysWhatEachAnswerToAnUnknownOutcomeDoes() {
    inbox(
        Map.of(
            "id",
            "u-1",
            "kind",
            "unknown",
            "run",
            Story.RUN,
            "runName",
            "r",
            "deadline",
            Instant.now().plusSeconds(1_103).toString(),
            "otherwise",
            "unknown",
            "tool",
            "SendEmail",
            "object",
            "\"Brief\" → ann@",
            "options",
            List.of("happened", "again", "stop")));
    assertThat(terminal.helm("inbox")).isZero();
    assertThat(terminal.data().getFirst())
        .matches(
            "4f3a · r · unknown · SendEmail \"Brief\" → ann@ · 1 happened · 2 again · 3 stop"
                + " · outcome stays unknown in 18:2[0-3]");
    assertThat(terminal.words().getFirst()).startsWith("happened: it took effect");
    assertThat(terminal.words().getLast()).isEqualTo("helm answer 4f3a happened|again|stop");
  }

  @Test
  void aBeginningOfSeveralRunsIsWrongUse() {
    Map<String, Object> waits = new HashMap<>(permission("perm-1"));
    waits.put("run", "0a1b" + "0".repeat(28));
    inbox(waits);
    service.on(
        "GET /api/runs",
        _ ->
            TestService.json(
                Json.write(
                    Map.of(
                        "items",
                        List.of(
                            run("0a1b" + "0".repeat(28), "a", "running", 1),
                            run("0c1d" + "0".repeat(28), "b", "failed", 1))))));
    assertThat(terminal.helm("allow", "0")).isEqualTo(2);
    assertThat(terminal.words())
        .containsExactly("\"0\" names 2 runs.", "Name one: 0a1b · a, 0c1d · b");
    assertThat(service.asked("POST /api/permissions/perm-1")).isEmpty();
  }

  @Test
  void wrongValuesAreWrongUse() {
    assertThat(terminal.helm("runs", "--status", "bogus")).isEqualTo(2);
    assertThat(terminal.helm("runs", "--status", "paused,bogus")).isEqualTo(2);
    assertThat(terminal.helm("runs", "--status", "paused,")).isEqualTo(2);
    assertThat(terminal.helm("runs", "--limit", "0")).isEqualTo(2);
    assertThat(terminal.helm("runs", "--limit", "1001")).isEqualTo(2);
    assertThat(service.asked()).isEmpty();
    service.on("GET /api/runs", _ -> TestService.json("{\"items\":[]}"));
    assertThat(terminal.helm("runs", "--status", "paused, running")).isZero();
    assertThat(service.asked("GET /api/runs").getLast().target())
        .matches(".*status=paused(,|%2C)running.*");
  }

  @Test
  void aRunThatAsksIsShownAsWaiting() {
    Map<String, Object> asks = new HashMap<>(run(Story.RUN, "x", "paused", 60));
    asks.put("waitingFor", "permission");
    Map<String, Object> held = new HashMap<>(run("9b1c" + "0".repeat(28), "y", "paused", 60));
    held.put("waitingFor", "person");
    service.on(
        "GET /api/runs", _ -> TestService.json(Json.write(Map.of("items", List.of(asks, held)))));
    assertThat(terminal.helm("runs")).isZero();
    assertThat(terminal.data().get(0)).matches("4f3a · x · 00:01:0\\d · waiting · permission");
    assertThat(terminal.data().get(1)).matches("9b1c · y · 00:01:0\\d · paused · person");
  }

  @Test
  void resumeOfARunThatIsNotPausedSaysSo() {
    service.on(
        "GET /api/runs/4f3a", _ -> TestService.json(Json.write(run(Story.RUN, "x", "running", 1))));
    service.on(
        "POST /api/runs/4f3a/resume",
        _ -> new Answer(202, "{\"id\":\"x\",\"state\":\"accepted\"}"));
    assertThat(terminal.helm("resume", "4f3a")).isZero();
    assertThat(terminal.words().getFirst()).startsWith("It was not paused (running)");
  }

  @Test
  void theInterfacesAdviceIsToldInTheTerminalsWords() {
    service.on(
        "GET /api/blueprints/none",
        _ ->
            TestService.problem(
                404, "not_found", "there is no such blueprint", "GET /api/blueprints lists them"));
    assertThat(terminal.helm("blueprint", "show", "none")).isEqualTo(4);
    assertThat(terminal.words())
        .containsExactly("there is no such blueprint.", "\"helm blueprint list\" lists them.");
  }

  @Test
  void blueprintMistakesAreToldByPlace() throws IOException {
    Path file = Files.writeString(home.resolve("b.yaml"), "name: my-brief\nbudgt: {}\n");
    service.on(
        "PUT /api/blueprints/my-brief",
        _ ->
            new Answer(
                400,
                "{\"type\":\"about:blank\",\"title\":\"bad\",\"status\":400,\"code\":\"invalid_blueprint\",\"errors\":[{\"line\":2,\"column\":1,\"path\":\"budgt\",\"message\":\"unknown field\",\"hint\":\"budget\"}]}"));
    assertThat(terminal.helm("blueprint", "apply", "-f", file.toString())).isEqualTo(1);
    assertThat(terminal.words())
        .containsExactly(
            file + ":2:1: unknown field (did you mean budget?)", "Mend this place and try again.");
    service.on(
        "POST /api/blueprints/validate",
        r ->
            r.header("content-type").equals("application/yaml")
                ? TestService.json("{}")
                : new Answer(415, "{}"));
    assertThat(terminal.helm("blueprint", "validate", "-f", file.toString())).isZero();
    assertThat(terminal.data()).containsExactly("my-brief is valid");
    assertThat(terminal.helm("blueprint", "apply", "-f", "nowhere.yaml")).isEqualTo(2);
    assertThat(terminal.input("name: my-brief\n").helm("blueprint", "validate", "-f", "-"))
        .isZero();
    assertThat(terminal.data().getLast()).isEqualTo("my-brief is valid");
  }

  @Test
  void startSendsTypedInputsAndPrintsTheId() {
    service.on(
        "POST /api/runs", _ -> new Answer(201, Json.write(run(Story.RUN, "x", "queued", 0))));
    assertThat(
            terminal.helm(
                "start", "q1", "--input", "quarter=Q2", "n=3", "--budget", "2.50", "--name", "x"))
        .isZero();
    assertThat(terminal.data()).containsExactly(Story.RUN);
    assertThat(service.asked("POST /api/runs").getFirst().body())
        .isEqualTo(
            "{\"blueprint\":\"q1\",\"budgetUsd\":\"2.500000\",\"input\":{\"n\":3,\"quarter\":\"Q2\"},\"name\":\"x\"}");
    assertThat(terminal.helm("start", "q1", "--input", "quarter")).isEqualTo(2);
    assertThat(terminal.helm("start", "q1", "--budget", "lots")).isEqualTo(2);
  }

  @Test
  void exitCodesSayWhatKindOfEndItWas() {
    service.on(
        "GET /api/runs/none",
        _ -> TestService.problem(404, "not_found", "there is no such run", "helm runs lists them"));
    service.on(
        "GET /api/runs/4f",
        _ -> TestService.problem(400, "ambiguous_id", "4f means two runs", "give more digits"));
    service.on("GET /api/status", _ -> new Answer(401, "{}"));
    service.on(
        "POST /api/runs/4f3a/pause",
        _ -> TestService.problem(409, "run_finished", "the run has ended", ""));
    assertThat(terminal.helm("watch", "none")).isEqualTo(4);
    assertThat(terminal.helm("watch", "4f")).isEqualTo(2);
    assertThat(terminal.helm("status")).isEqualTo(3);
    assertThat(terminal.helm("pause", "4f3a")).isEqualTo(5);
    assertThat(terminal.helm("nonsense")).isEqualTo(2);
    assertThat(terminal.helm("steer")).isEqualTo(2);
  }

  /** The port stays taken: one that was given back may be somebody else's service by now. */
  @Test
  void whereNothingListensTheExitCodeSaysSo() throws IOException {
    try (Socket taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Terminal alone = new Terminal(home, "http://127.0.0.1:" + taken.getLocalPort());
      assertThat(alone.helm("status")).isEqualTo(6);
      assertThat(alone.without("HELM_TOKEN").helm("status")).isEqualTo(6);
      assertThat(alone.words()).anyMatch(line -> line.contains("helm up"));
    }
  }

  @Test
  void hostileTitlesAreShownAsText() {
    service.on(
        "GET /api/runs/x", _ -> TestService.problem(404, "not_found", "\u001b[2Jgone", "\u202e"));
    terminal.helm("watch", "x");
    assertThat(String.join("", terminal.words())).doesNotContain("\u001b", "\u202e");
  }

  @Test
  void theModelKeyIsStoredPrivatelyAndNeverPrinted() throws IOException {
    assertThat(terminal.input("sk-test-0123456789\n").helm("key", "set")).isZero();
    Path key = home.resolve("helm/keys/model.key");
    assertThat(key).hasContent("sk-test-0123456789");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
        .isEqualTo("rw-------");
    assertThat(String.join("", terminal.words()) + terminal.data()).doesNotContain("sk-test");
    assertThat(terminal.input("two words").helm("key", "set")).isEqualTo(2);
  }

  @Test
  void loginKeepsATokenAndLogoutForgetsIt() {
    service.on(
        "POST /api/auth/login",
        r ->
            r.body().contains("\"password\":\"right\"")
                ? TestService.json(
                    "{\"token\":\"t\",\"expiresAt\":\"2099-01-01T00:00:00Z\",\"user\":{\"id\":\"1\",\"name\":\"ann\"}}")
                : new Answer(401, "{}"));
    terminal.without("HELM_TOKEN");
    assertThat(terminal.input("right\n").helm("login", "ann", "--password-stdin")).isZero();
    assertThat(home.resolve(".config/helm/token.json")).exists();
    assertThat(terminal.helm("logout")).isZero();
    assertThat(home.resolve(".config/helm/token.json")).doesNotExist();
    assertThat(terminal.input("wrong").helm("login", "ann", "--password-stdin")).isEqualTo(3);
    assertThat(String.join("", terminal.words())).doesNotContain("right", "wrong");
  }

  @Test
  void everyHelpBeginsWithAnExample() {
    for (Commands.Entry entry : Commands.all()) {
      if (List.of("demo", "up", "down", "doctor").contains(entry.name())) {
        continue;
      }
      Terminal one = new Terminal(home, service.url());
      assertThat(one.helm(entry.name(), "--help")).isZero();
      assertThat(one.data().getFirst()).as(entry.name()).contains("helm " + entry.name());
      assertThat(one.data()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    }
    assertThat(terminal.helm("help")).isZero();
    assertThat(terminal.data().getFirst()).isEqualTo("helm demo");
  }

  @Test
  void raisePauseAndVersionSpeakPlainly() {
    service.on(
        "POST /api/runs/4f3a/budget",
        r ->
            r.body().equals("{\"addUsd\":\"5.000000\"}")
                ? TestService.json("{}")
                : new Answer(400, "{}"));
    service.on(
        "POST /api/runs/4f3a/pause", _ -> new Answer(202, "{\"id\":\"x\",\"state\":\"accepted\"}"));
    assertThat(terminal.helm("budget", "4f3a", "--add", "5.00")).isZero();
    assertThat(terminal.helm("pause", "4f3a")).isZero();
    assertThat(terminal.helm("version")).isZero();
    assertThat(terminal.data()).containsExactly("raised by $5.00", "accepted", "helm 0.1.0");
  }

  @Test
  void budgetsStandBelowEachOtherAndOneIsSetBesideTheOthers() {
    String caps =
        "{\"items\":[{\"scope\":\"installation\",\"period\":\"total\",\"capUsd\":\"1000.000000\","
            + "\"spentUsd\":\"12.340001\",\"heldUsd\":\"0.100000\",\"leftUsd\":\"987.559999\","
            + "\"source\":\"set\",\"by\":\"ann\"},{\"scope\":\"project:infra\\u001b[31m\","
            + "\"period\":\"day\",\"capUsd\":\"20.000000\",\"spentUsd\":\"0.000000\","
            + "\"heldUsd\":\"0.000000\",\"leftUsd\":\"20.000000\",\"startsAt\":"
            + "\"2026-11-23T00:00:00.000Z\",\"resetsAt\":\"2026-11-24T00:00:00.000Z\","
            + "\"source\":\"blueprint\"},{\"scope\":\"project:p\",\"period\":\"month\","
            + "\"capUsd\":\"9.000000\",\"spentUsd\":\"0.000000\",\"heldUsd\":\"0.000000\","
            + "\"leftUsd\":\"9.000000\",\"source\":\"set\",\"by\":\"ann\"}]}";
    service.on("GET /api/budgets", _ -> TestService.json(caps));
    service.on(
        "PUT /api/budgets/project%3Ap",
        r ->
            r.body().equals("{\"dayUsd\":\"2.500000\",\"monthUsd\":\"9.000000\"}")
                ? TestService.json("{\"items\":[]}")
                : new Answer(400, "{}"));
    assertThat(terminal.helm("budget")).isZero();
    assertThat(terminal.data())
        .startsWith(
            "SCOPE                  PERIOD       CAP   SPENT   HELD     LEFT  RESETS             SET BY",
            "installation           total   $1000.00  $12.35  $0.10  $987.55  never              ann");
    assertThat(String.join("", terminal.data())).doesNotContain("\u001b");
    assertThat(terminal.helm("budget", "set", "project:p", "--day", "2.50")).isZero();
    assertThat(terminal.data()).endsWith("set · project:p");
    assertThat(terminal.helm("budget", "set", "project:p", "--day", "0")).isEqualTo(2);
    assertThat(terminal.helm("budget", "set", "project:p")).isEqualTo(2);
    assertThat(terminal.helm("budget", "--add", "1")).isEqualTo(2);
  }

  @Test
  void usageIsSummedAndPaged() {
    String row =
        "{\"key\":\"%s\",\"costUsd\":\"0.100000\",\"inputTokens\":10,\"outputTokens\":20,"
            + "\"cacheReadTokens\":30,\"cacheWriteTokens\":40,\"calls\":1}";
    service.on(
        "GET /api/usage",
        r ->
            TestService.json(
                r.target().contains("cursor=c1")
                    ? "{\"items\":[" + row.formatted("2026-11-23") + "]}"
                    : "{\"items\":[" + row.formatted("2026-11-22") + "],\"nextCursor\":\"c1\"}"));
    assertThat(terminal.helm("usage", "--from", "2026-11-01")).isZero();
    assertThat(terminal.data())
        .containsExactly(
            "DAY          COST  INPUT  OUTPUT  CACHE READ  CACHE WRITE  CALLS",
            "2026-11-22  $0.10     10      20          30           40      1",
            "2026-11-23  $0.10     10      20          30           40      1",
            "total       $0.20     20      40          60           80      2");
    assertThat(terminal.helm("usage", "--by", "week")).isEqualTo(2);
  }
}
