package dev.helm.activities.foreign.claude;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a peer that speaks the runtime's protocol, and against one that breaks it. */
@Timeout(60)
final class ClaudeSessionTest {
  private static final String LS = "{\"command\":\"ls\"}";
  private ScriptedRuntime runtime;
  private ClaudeSession session;
  private HelmTools tools;
  private final List<String> live = new CopyOnWriteArrayList<>();
  private final List<String> told = new CopyOnWriteArrayList<>();

  @BeforeEach
  void open() throws IOException {
    runtime = new ScriptedRuntime();
    tools =
        new HelmTools(
            List.of(
                new ToolDefinition(
                    "Lookup", "Looks", json("{\"type\":\"object\",\"properties\":{}}"))));
    session = new ClaudeSession(runtime.out(), runtime.in(), tools, events());
    session.line().open();
  }

  private AgentEvents events() {
    return new AgentEvents() {
      @Override
      public void says(String text) {
        live.add(text);
      }

      @Override
      public boolean reads(String messageId) {
        return true;
      }

      @Override
      public void ended(String subagent, String id, String outcome, @Nullable String reason) {
        told.add(subagent + " " + outcome);
      }

      @Override
      public void refused(String why) {
        told.add(why);
      }
    };
  }

  @AfterEach
  void close() throws IOException {
    session.line().close();
    runtime.close();
  }

  private static JsonNode json(String text) {
    return HelmJson.read(text, JsonNode.class);
  }

  private Next.Calls calls() throws InterruptedException {
    Next next = session.next();
    assertThat(next).isInstanceOf(Next.Calls.class);
    return (Next.Calls) next;
  }

  private void lost(String why) throws InterruptedException {
    Next next = session.next();
    assertThat(next).isInstanceOf(Next.Lost.class);
    assertThat(((Next.Lost) next).reason()).contains(why);
  }

  // ---- the gate
  // ----------------------------------------------------------------------------------

  @Test
  void aHookWaitsForTheGateAndRunsWithWhatTheGateHasSeen() throws Exception {
    runtime.text("I look.");
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    Next.Calls asked = calls();
    assertThat(asked.said()).isEqualTo("I look.");
    assertThat(asked.calls()).containsExactly(new Next.Asked("toolu_1", "Bash", LS));
    assertThat(session.allow("toolu_1", json("{\"command\":\"ls -a\"}"))).isTrue();
    JsonNode output = runtime.answer("r1").path("hookSpecificOutput");
    assertThat(output.path("permissionDecision").asText()).isEqualTo("allow");
    assertThat(output.path("updatedInput").path("command").asText()).isEqualTo("ls -a");
    // The runtime's own check gets the same verdict and the same arguments.
    runtime.canUse("r2", "toolu_1", "Bash", "{\"command\":\"rm -rf /\"}");
    JsonNode permission = runtime.answer("r2");
    assertThat(permission.path("behavior").asText()).isEqualTo("allow");
    assertThat(permission.path("updatedInput").path("command").asText()).isEqualTo("ls -a");
    assertThat(session.allow("toolu_1", json(LS))).as("only once").isFalse();
  }

  @Test
  void aDenialHasItsReasonAndNothingElseAnswersAHook() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.deny("toolu_1", "not today");
    JsonNode output = runtime.answer("r1").path("hookSpecificOutput");
    assertThat(output.path("permissionDecision").asText()).isEqualTo("deny");
    assertThat(output.path("permissionDecisionReason").asText()).isEqualTo("not today");
  }

  @Test
  void callsOfOneMessageAreABatchAndOneAfterItIsTheNext() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    runtime.hook("r2", "PreToolUse", "toolu_2", "Read", "{\"file_path\":\"a\"}");
    assertThat(calls().calls()).hasSize(2);
    runtime.hook("r3", "PreToolUse", "toolu_3", "Bash", LS);
    assertThat(calls().calls()).hasSize(1);
  }

  @Test
  void whatIsOnlyInTheRuntimesOwnCheckIsGatedToo() throws Exception {
    runtime.canUse("r1", "toolu_1", "Bash", LS);
    assertThat(calls().calls()).hasSize(1);
    session.deny("toolu_1", "no");
    assertThat(runtime.answer("r1").path("behavior").asText()).isEqualTo("deny");
  }

  @Test
  void anIdThatWasAllowedLetsNoOtherCallPass() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.allow("toolu_1", json(LS));
    runtime.answer("r1");
    runtime.hook("r2", "PreToolUse", "toolu_1", "Bash", "{\"command\":\"rm x\"}");
    assertThat(verdict("r2")).isEqualTo("deny");
    runtime.canUse("r3", "toolu_1", "Write", LS);
    assertThat(runtime.answer("r3").path("behavior").asText()).isEqualTo("deny");
    runtime.hook("r4", "PreToolUse", "", "Bash", LS);
    assertThat(verdict("r4")).isEqualTo("deny");
    runtime.hook("r5", "PreToolUse", "toolu_5", "Bash", "\"no object\"");
    assertThat(verdict("r5")).isEqualTo("deny");
    runtime.hook("r6", "Elsewhere", "toolu_6", "Bash", LS);
    assertThat(calls().calls()).as("a hook of any name is gated").hasSize(1);
  }

  private String verdict(String requestId) throws IOException {
    return runtime.answer(requestId).path("hookSpecificOutput").path("permissionDecision").asText();
  }

  @Test
  void theSecondLockGetsTheSameVerdictAndTheSameArguments() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    assertThat(calls().calls()).hasSize(1);
    CompletableFuture<Gates.Answer> allowed = asks("toolu_1", "Bash");
    assertThat(allowed).isNotDone();
    session.allow("toolu_1", json("{\"command\":\"ls -a\"}"));
    assertThat(verdict("r1")).isEqualTo("allow");
    JsonNode output = Objects.requireNonNull(allowed.get(30, TimeUnit.SECONDS).output());
    assertThat(output.at("/hookSpecificOutput/updatedInput/command").asText()).isEqualTo("ls -a");
    assertThat(asks("toolu_1", "Write").get(30, TimeUnit.SECONDS).reason()).isNotEmpty();
    runtime.hook("r2", "PreToolUse", "toolu_2", "Bash", LS);
    assertThat(calls().calls()).hasSize(1);
    CompletableFuture<Gates.Answer> denied = asks("toolu_2", "Bash");
    session.deny("toolu_2", "no");
    assertThat(denied.get(30, TimeUnit.SECONDS)).isEqualTo(Gates.Answer.denied("no"));
    runtime.hook("r3", "PreToolUse", "toolu_3", "Bash", LS);
    assertThat(calls().calls()).hasSize(1);
    CompletableFuture<Gates.Answer> open = asks("toolu_3", "Bash");
    session.line().close();
    assertThat(open.get(30, TimeUnit.SECONDS).reason()).isNotEmpty();
    assertThat(asks("toolu_4", "Bash").get(30, TimeUnit.SECONDS).reason()).isNotEmpty();
  }

  /** Any process of the container can ask the second lock. */
  @Test
  void aCallThatTheRuntimeDoesNotKnowIsRefusedAndNobodyIsAskedAboutIt() throws Exception {
    CompletableFuture<Gates.Answer> forged = asks("toolu_x", "Bash");
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    assertThat(calls().calls()).containsExactly(new Next.Asked("toolu_1", "Bash", LS));
    assertThat(forged.get(30, TimeUnit.SECONDS).reason()).contains("knows of no such call");
    assertThat(told).singleElement().asString().contains("a call of Bash", "no such call");
    session.allow("toolu_1", json(LS));
    assertThat(verdict("r1")).isEqualTo("allow");
    for (int i = 0; i < 40; i++) {
      assertThat(asks("toolu_1", "Write").get(30, TimeUnit.SECONDS).reason()).isNotEmpty();
    }
    assertThat(told).as("bounded").hasSize(20);
  }

  @Test
  void anIdOfACallThatHasEndedLetsNothingPass() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.allow("toolu_1", json(LS));
    runtime.answer("r1");
    runtime.toolResult("toolu_1", "a", false);
    runtime.hook("r2", "PreToolUse", "toolu_1", "Bash", LS);
    assertThat(verdict("r2")).isEqualTo("deny");
    assertThat(session.call("toolu_1")).as("not kept").isNull();
    assertThat(asks("toolu_1", "Bash").get(30, TimeUnit.SECONDS).reason()).isNotEmpty();
  }

  @Test
  void aSubagentsCallsAreItsOwn() throws Exception {
    subagentHook("r0", "toolu_0", "a1", "reader");
    assertThat(verdict("r0")).as("of a sub-agent that nobody let begin").isEqualTo("deny");
    runtime.hook("r1", "PreToolUse", "toolu_1", "Agent", "{\"subagent_type\":\"reader\"}");
    calls();
    session.spawns("toolu_1", "main/1", "reader");
    session.allow("toolu_1", json("{\"subagent_type\":\"reader\"}"));
    runtime.answer("r1");
    subagentHook("r2", "toolu_2", "a1", "reader");
    assertThat(calls().calls()).containsExactly(new Next.Asked("toolu_2", "Bash", LS, "main/1"));
    session.deny("toolu_2", "no");
    runtime.answer("r2");
    runtime.toolResult("toolu_1", "the report", false);
    runtime.says("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}");
    assertThat(session.next()).isInstanceOf(Next.Ended.class);
    assertThat(told).containsExactly("main/1 succeeded");
  }

  private void subagentHook(String requestId, String id, String agent, String kind)
      throws IOException {
    var line = ScriptedRuntime.hookLine(requestId, "PreToolUse", id, "Bash", LS);
    ((com.fasterxml.jackson.databind.node.ObjectNode) line.path("request").path("input"))
        .put("agent_id", agent)
        .put("agent_type", kind);
    runtime.says(line.toString());
  }

  private CompletableFuture<Gates.Answer> asks(String id, String tool) {
    CompletableFuture<Gates.Answer> answer = new CompletableFuture<>();
    var question = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
    question.put("hook_event_name", "PreToolUse").put("tool_use_id", id).put("tool_name", tool);
    question.set("tool_input", json(LS));
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                answer.complete(session.asked(question));
              } catch (InterruptedException e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }

  // ---- ends of calls -------------------------------------------------------------------------

  @Test
  void aCallEndsWithTheTextThatTheModelReads() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Write", "{\"file_path\":\"/workspace/a.txt\"}");
    calls();
    session.allow("toolu_1", json("{\"file_path\":\"/workspace/a.txt\"}"));
    runtime.answer("r1");
    runtime.hook("r2", "PostToolUse", "toolu_1", "Write", "{}");
    runtime.answer("r2");
    PendingCall call = Objects.requireNonNull(session.call("toolu_1"));
    runtime.toolResult("toolu_1", "written", false);
    var end = call.end.get(30, TimeUnit.SECONDS);
    assertThat(end.forModel()).isEqualTo("written");
    assertThat(end.changed()).containsExactly("a.txt");
    assertThat(end.error()).isFalse();
  }

  @Test
  void aHookAloneEndsACallWhoseResultIsHeldUpByOthers() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.allow("toolu_1", json(LS));
    runtime.answer("r1");
    var line = ScriptedRuntime.hookLine("r2", "PostToolUse", "toolu_1", "Bash", "{}");
    ((com.fasterxml.jackson.databind.node.ObjectNode) line.path("request").path("input"))
        .putObject("tool_response")
        .put("stdout", "one")
        .put("stderr", "two");
    PendingCall call = Objects.requireNonNull(session.call("toolu_1"));
    runtime.says(line.toString());
    runtime.answer("r2");
    assertThat(call.end.get(30, TimeUnit.SECONDS).forModel()).isEqualTo("one\ntwo");
  }

  @Test
  void aStoppedCallThatDoesNotEndIsUnknownAndEndsTheSession() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.allow("toolu_1", json(LS));
    runtime.answer("r1");
    PendingCall call = Objects.requireNonNull(session.call("toolu_1"));
    session.stop(call);
    assertThat(call.end)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableOfType(ExecutionException.class);
    lost("closed");
    assertThat(asks("toolu_1", "Bash").get(30, TimeUnit.SECONDS).reason())
        .as("nothing passes")
        .isNotEmpty();
  }

  @Test
  void aCallOfADeadRuntimeHasNoEnd() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.allow("toolu_1", json(LS));
    runtime.answer("r1");
    PendingCall call = Objects.requireNonNull(session.call("toolu_1"));
    runtime.hangUp();
    assertThat(call.end)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableOfType(ExecutionException.class);
    lost("ended");
    assertThat(session.allow("toolu_1", json(LS))).isFalse();
  }

  // ---- ends of turns ---------------------------------------------------------------------------

  @Test
  void isErrorCountsAndNotTheSubtype() throws Exception {
    runtime.says(
        "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":402,\"result\":\"API Error: 402 no money\"}");
    assertThat(session.next()).isEqualTo(new Next.Failed("", "API Error: 402 no money"));
    runtime.says(
        "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":529,\"result\":\"busy\"}");
    session.say("again", false);
    runtime.heard();
    runtime.says(
        "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":529,\"result\":\"busy\"}");
    lost("busy");
  }

  @Test
  void aMessageThatWaitsBehindAnEndBeginsAnotherTurn() throws Exception {
    session.say("first", false);
    String first = runtime.heard().path("uuid").asText();
    lifecycle(first, "started");
    session.say("second", false);
    String second = runtime.heard().path("uuid").asText();
    lifecycle(second, "queued");
    runtime.says("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}");
    lifecycle(second, "started");
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    calls();
    session.deny("toolu_1", "no");
    runtime.answer("r1");
    runtime.text("Done.");
    runtime.says("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}");
    assertThat(session.next()).isEqualTo(new Next.Ended("Done."));
  }

  private void lifecycle(String uuid, String state) throws IOException {
    runtime.says(
        "{\"type\":\"command_lifecycle\",\"command_uuid\":\"%s\",\"state\":\"%s\"}"
            .formatted(uuid, state));
  }

  @Test
  void anInterruptEndsTheWaitAndNowIsSaidToTheRuntime() throws Exception {
    session.interrupt();
    assertThat(session.next()).isEqualTo(new Next.Interrupted());
    session.say("stop that", true);
    assertThat(runtime.heard().path("priority").asText()).isEqualTo("now");
  }

  @Test
  void textIsLiveForTheMainAgentOnly() throws Exception {
    String delta =
        "{\"type\":\"stream_event\",\"parent_tool_use_id\":%s,\"event\":{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}}}";
    runtime.says(delta.formatted("\"toolu_9\"", "sub"));
    runtime.says(delta.formatted("null", "main"));
    runtime.says("{\"type\":\"result\",\"is_error\":false}");
    assertThat(session.next()).isInstanceOf(Next.Ended.class);
    assertThat(live).containsExactly("main");
  }

  // ---- Helm's tools
  // ------------------------------------------------------------------------------

  @Test
  void helmsToolsAreFetchedOnlyOnceHelmHasCarriedThemOut() throws Exception {
    rpc("m1", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
    assertThat(runtime.answer("m1").path("mcp_response").at("/result/tools/0/name").asText())
        .isEqualTo("Lookup");
    String call =
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"Lookup\",\"arguments\":{\"q\":1}}}";
    rpc("m2", call);
    assertThat(runtime.answer("m2").path("mcp_response").at("/result/isError").asBoolean())
        .isTrue();
    runtime.hook("r1", "PreToolUse", "toolu_1", "mcp__helm__Lookup", "{\"q\":1}");
    assertThat(calls().calls()).containsExactly(new Next.Asked("toolu_1", "Lookup", "{\"q\":1}"));
    tools.gave("Lookup", json("{\"q\":1}"), "found");
    session.allow("toolu_1", json("{\"q\":1}"));
    runtime.answer("r1");
    rpc("m3", call);
    assertThat(runtime.answer("m3").path("mcp_response").at("/result/content/0/text").asText())
        .isEqualTo("found");
    rpc("m4", call);
    assertThat(runtime.answer("m4").path("mcp_response").at("/result/isError").asBoolean())
        .as("once")
        .isTrue();
  }

  private void rpc(String requestId, String message) throws IOException {
    runtime.says(
        "{\"type\":\"control_request\",\"request_id\":\"%s\",\"request\":{\"subtype\":\"mcp_message\",\"server_name\":\"helm\",\"message\":%s}}"
            .formatted(requestId, message));
  }

  // ---- a hostile peer
  // ----------------------------------------------------------------------------

  @Test
  void linesAreBytesAndMayBeCutAnywhere() throws Exception {
    byte[] line =
        (ScriptedRuntime.hookLine(
                    "r1", "PreToolUse", "toolu_1", "Bash", "{\"command\":\"echo ä€😀\"}")
                + "\n")
            .getBytes(StandardCharsets.UTF_8);
    for (byte each : line) {
      runtime.raw(new byte[] {each});
    }
    assertThat(calls().calls().getFirst().arguments()).contains("ä€😀");
  }

  @Test
  void garbageIsBoundedAndALineWithoutAnEndCountsForNothing() throws Exception {
    for (int i = 0; i < 30; i++) {
      runtime.raw("no json\n".getBytes(StandardCharsets.UTF_8));
    }
    lost("no JSON");
  }

  @Test
  void aLineThatNeverEndsEndsTheSession() throws Exception {
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  byte[] part = new byte[1 << 20];
                  java.util.Arrays.fill(part, (byte) 'x');
                  try {
                    for (int i = 0; i < 40; i++) {
                      runtime.raw(part);
                    }
                  } catch (IOException e) {
                    // The other side has had enough.
                  }
                });
    lost("bytes");
    runtime.hangUp();
    writer.join();
  }

  @Test
  void requestsWithoutEndAreNotKept() throws Exception {
    for (int i = 0; i <= ControlLine.OPEN_MAX; i++) {
      runtime.hook("r" + i, "PreToolUse", "toolu_" + i, "Bash", LS);
    }
    List<Next> all = new ArrayList<>();
    for (Next next = session.next(); !(next instanceof Next.Lost); next = session.next()) {
      all.add(next);
    }
    assertThat(all).allMatch(Next.Calls.class::isInstance);
  }

  @Test
  void anIdThatIsUsedTwiceAtOnceEndsTheSession() throws Exception {
    runtime.hook("r1", "PreToolUse", "toolu_1", "Bash", LS);
    runtime.hook("r1", "PreToolUse", "toolu_2", "Bash", LS);
    calls();
    lost("an id of its own");
  }

  @Test
  void whoReadsNothingIsLetGo() throws Exception {
    String big = "x".repeat(100_000);
    for (int i = 0; i < 1_200; i++) {
      session.say(big, false);
    }
    lost("reads nothing");
  }
}
