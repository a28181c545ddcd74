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

  @Test
  void thePythonExampleWaitsForAPersonAndHearsThem() throws Exception {
    String run = example("program-python");
    JsonNode asked = service.awaitEvent(run, "permission.requested");
    ServiceProcess.Answer said =
        service.post("/api/runs/" + run + "/messages", Map.of("text", "Be brief.", "when", "next"));
    assertThat(said.status()).as(said.toString()).isEqualTo(201);
    allow(asked);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).contains("I count them.", "There are three words.");
    assertThat(service.events(run, "message.read")).hasSize(1);
    assertThat(service.events(run, "budget.charged")).as(log(run)).hasSize(2);
    assertThat(service.events(run, "tool.started")).hasSize(1);
  }

  @Test
  void theFrameworkExampleHasItsModelAndItsToolsFromHelm() throws Exception {
    String run = example("program-langgraph");
    ServiceProcess.await("its image and end", 280, () -> count(run, "run.finished") == 1);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).contains("I write it down.", "It is autumn.");
    assertThat(service.events(run, "tool.finished")).as(log(run)).hasSize(2);
    assertThat(service.events(run, "turn.started")).as("both calls in one turn").hasSize(2);
    assertThat(service.events(run, "budget.charged")).hasSize(2);
  }

  @Test
  void whatAPersonSaysComesWithTheNextResult() throws Exception {
    String run =
        program(
            "heard",
            "[\"Read\"]",
            "call Bash '{\"command\":\"echo first\"}'; call Read '{\"file_path\":\"x\"}'; echo done");
    JsonNode asked = service.awaitEvent(run, "permission.requested");
    ServiceProcess.Answer said =
        service.post(
            "/api/runs/" + run + "/messages", Map.of("text", "Use \"red\".", "when", "next"));
    assertThat(said.status()).as(said.toString()).isEqualTo(201);
    allow(asked);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).contains("Message from a person: Use \\\"red\\\".", "helm/message");
  }

  @Test
  void aDeniedCallIsAnErrorToTheProgramAndDoesNothing() throws Exception {
    String run =
        program("denied", "[]", "call Bash '{\"command\":\"echo x > x\"}' || echo refused");
    service.post(
        "/api/permissions/" + data(service.awaitEvent(run, "permission.requested"), "permissionId"),
        Map.of("decision", "deny", "reason", "not today"));
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).contains("not today", "refused");
    assertThat(service.events(run, "tool.started")).isEmpty();
  }

  @Test
  void badProgramsSayWhatIsWrong() throws Exception {
    String exits = program("exits", "[]", "echo so far; echo went wrong >&2; exit 3");
    String missing = command("missing", "[]", "[no-such-program, x]");
    String silent = program("silent", "[]", ":");
    String floods =
        program("floods", "[]", "head -c 3000000 /dev/zero | tr '\\\\0' x; echo; echo the end");
    assertThat(service.awaitEnd(exits)).isEqualTo("failed");
    assertThat(reason(exits)).contains("exit code 3", "went wrong");
    assertThat(said(exits)).contains("so far");
    assertThat(service.awaitEnd(missing)).isEqualTo("failed");
    assertThat(reason(missing)).contains("cannot be started", "no-such-program");
    assertThat(service.awaitEnd(silent)).as(log(silent)).isEqualTo("succeeded");
    assertThat(service.awaitEnd(floods)).as(log(floods)).isEqualTo("succeeded");
    JsonNode flooded = service.events(floods, "model.message").getLast();
    assertThat(flooded.toString()).hasSizeLessThan(100_000);
  }

  @Test
  void badRequestsAreAnsweredAndNothingElseHappens() throws Exception {
    String run =
        program(
            "bad",
            "[Bash]",
            """
            ask() { curl -s -o /tmp/answer -w '%{http_code} ' -m 60 "$@"; head -c 200 /tmp/answer; echo; }
            H="Authorization: Bearer $HELM_TOKEN"
            ask "$HELM_MCP_URL" -d '{}'
            ask "$HELM_MCP_URL" -H "Authorization: Bearer x" -d '{}'
            ask "$HELM_MCP_URL/../x" -H "$H" -d '{}'
            ask "$HELM_MCP_URL" -H "$H"
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d 'no json'
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d '[]'
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"no/such"}'
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"Bash","arguments":{"command":1}}}'
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"Nothing","arguments":{}}}'
            head -c 100000000 /dev/zero > /tmp/large
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' --data-binary @/tmp/large
            rm /tmp/large
            A='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"Bash","arguments":{"command":"echo one >> both"}}}'
            B='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"Bash","arguments":{"command":"echo two >> both"}}}'
            ask "$HELM_MCP_URL" -H "$H" -H 'Content-Type: application/json' -d "$A" > /tmp/a &
            curl -s -N "$HELM_MCP_URL" -H "$H" -H 'Accept: text/event-stream' -H 'Content-Type: application/json' -d "$B"
            wait; cat /tmp/a; sort both
            """);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    String said = said(run);
    List<String> codes =
        said.lines().filter(l -> l.matches("[0-9]{3} .*")).map(l -> l.substring(0, 3)).toList();
    assertThat(codes)
        .as(said)
        .containsExactly(
            "401", "401", "404", "405", "400", "400", "200", "200", "200", "413", "200");
    assertThat(said).contains("-32700", "-32600", "-32601", "event: message", "one\ntwo");
    assertThat(service.events(run, "tool.blocked")).hasSize(2);
    assertThat(service.events(run, "tool.started")).hasSize(2);
  }

  @Test
  void aProgramWithoutMoneyWaitsForItAndGoesOn() throws Exception {
    String yaml =
        Files.readString(Path.of("..", "examples", "program-python", "blueprint.yaml"))
            .replace("program-python", "poor")
            .replace("perRunUsd: 1.00", "perRunUsd: 0.01")
            .replace("ask: [\"Bash\"]", "allow: [\"Bash\"]\n  ask: []")
            .replace("\n  allow: [\"Read\"]", "");
    assertThat(service.putYaml("/api/blueprints/poor", yaml).status()).as(yaml).isEqualTo(201);
    String run = service.run("poor", Map.of());
    JsonNode paused = service.awaitEvent(run, "run.paused");
    assertThat(data(paused, "reason")).as(log(run)).isEqualTo("budget");
    ServiceProcess.Answer raised =
        service.post("/api/runs/" + run + "/budget", Map.of("addUsd", "2.00"));
    assertThat(raised.status()).as(raised.toString()).isBetween(200, 202);
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).contains("There are three words.");
  }

  @Test
  void cancelEndsTheProgram() throws Exception {
    String run = program("endless", "[]", "echo begun; sleep 1000");
    service.awaitEvent(run, "turn.started");
    ServiceProcess.await("its start", 60, () -> running(run));
    long began = System.nanoTime();
    service.post("/api/runs/" + run + "/cancel", Map.of());
    assertThat(service.awaitEnd(run)).isEqualTo("cancelled");
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(60));
  }

  @Test
  void aRollbackStartsTheProgramAnewAndWhatStandsIsNotDoneAgain() throws Exception {
    String run =
        program(
            "back",
            "[Bash]",
            """
            call Bash '{"command":"echo one >> f"}'
            call Bash '{"command":"echo two >> f"}'
            call Read '{"file_path":"f"}'
            """);
    service.awaitEvent(run, "permission.requested");
    JsonNode first = service.events(run, "snapshot.taken").getFirst();
    ServiceProcess.Answer back =
        service.post("/api/runs/" + run + "/rollback", Map.of("to", data(first, "snapshotId")));
    assertThat(back.status()).as(back + log(run)).isEqualTo(200);
    assertThat(service.post("/api/runs/" + run + "/resume", Map.of()).status()).isEqualTo(202);
    ServiceProcess.await("it is asked again", 90, () -> count(run, "permission.requested") == 2);
    allow(service.events(run, "permission.requested").getLast());
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(service.events(run, "tool.started")).as(log(run)).hasSize(4);
    String read = data(service.events(run, "tool.finished").getLast(), "result");
    assertThat(read).contains("one").contains("two").doesNotContain("3");
  }

  /** SIGKILL at three moments of a program that knows nothing of it; each line stands once. */
  @Test
  void noEffectHappensTwiceWhenTheServiceIsKilled() throws Exception {
    String run =
        program(
            "killed",
            "[Bash]",
            """
            for i in 1 2 3 4; do
              call Bash "{\\"command\\":\\"sleep 1; echo line $i >> witness\\"}"
              sleep 1
            done
            call Bash '{"command":"cat witness"}'
            echo "resumed $HELM_RESUMED"
            """);
    for (int started = 1; started <= 3; started++) {
      int calls = started;
      ServiceProcess.await("call " + calls, 90, () -> count(run, "tool.started") >= calls);
      TimeUnit.MILLISECONDS.sleep(started * 400L);
      service.kill();
      service.up();
    }
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(said(run)).as(log(run)).contains("line 1\\nline 2\\nline 3\\nline 4", "resumed 1");
    assertThat(service.events(run, "tool.unknown")).isEmpty();
    assertThat(service.events(run, "tool.started")).hasSize(5);
  }

  // ---- parts -------------------------------------------------------------------------------

  private static String program(String name, String allow, String script) throws Exception {
    String all =
        """
        call() {
          answer=$(curl -sS --fail-with-body "$HELM_MCP_URL" -H "Authorization: Bearer $HELM_TOKEN" \\
            -H 'Content-Type: application/json' \\
            -d "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"tools/call\\",\\"params\\":{\\"name\\":\\"$1\\",\\"arguments\\":$2}}")
          printf '%s\\n' "$answer"
          case $answer in *'"isError":false'*) ;; *) return 1 ;; esac
        }
        """
            + script;
    return command(name, allow, dev.helm.workflows.HelmJson.write(List.of("bash", "-c", all)));
  }

  private static String command(String name, String allow, String argv) throws Exception {
    String yaml =
        """
        name: %s
        agent: command
        model: {name: claude-sonnet-4-5}
        program: {command: %s}
        task: Work.
        tools: [Bash, Read]
        permissions: {allow: %s}
        budget: {perRunUsd: 1.00}
        """
            .formatted(name, argv, allow);
    ServiceProcess.Answer put = service.putYaml("/api/blueprints/" + name, yaml);
    assertThat(put.status()).as(put + yaml).isEqualTo(201);
    return service.run(name, Map.of());
  }

  private static void allow(JsonNode asked) throws Exception {
    ServiceProcess.Answer answer =
        service.post(
            "/api/permissions/" + data(asked, "permissionId"),
            Map.of("decision", "allow", "argumentsHash", data(asked, "argumentsHash")));
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
  }

  private static String reason(String run) throws Exception {
    return data(service.events(run, "run.finished").getFirst(), "reason");
  }

  private static int count(String run, String type) {
    try {
      return service.events(run, type).size();
    } catch (Exception e) {
      return 0;
    }
  }

  private static boolean running(String run) {
    try {
      return service.status(run).equals("running");
    } catch (Exception e) {
      return false;
    }
  }

  private static String example(String name) throws Exception {
    Path yaml = Path.of("..", "examples", name, "blueprint.yaml");
    ServiceProcess.Answer put = service.putYaml("/api/blueprints/" + name, Files.readString(yaml));
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
