package dev.helm.activities.foreign.claude;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.ProgramCalls;
import dev.helm.activities.foreign.ProgramCallsRig;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.activities.run.Plans;
import dev.helm.activities.store.Runs;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the hooks of a program's runtime tell, in orders that hostile or killed ones make. */
@Timeout(120)
final class ProgramHooksTest {
  private static final String LS = "{\"command\":\"ls\"}";
  private static final AgentEvents EVENTS =
      new AgentEvents() {
        @Override
        public void says(String text) {}

        @Override
        public boolean reads(String messageId) {
          return true;
        }
      };

  private final ProgramCallsRig rig =
      new ProgramCallsRig(
          new SessionStart(
              new Runs.Info(
                  "0123456789abcdef0123456789abcdef",
                  "n",
                  1,
                  RunStatus.RUNNING,
                  null,
                  Plans.open(),
                  "test@1",
                  Map.of(),
                  null,
                  true),
              1,
              "00000000000000aa",
              "task",
              false,
              List.of(),
              List.of(),
              Secret.of("m"),
              EVENTS));
  private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
  private final CountDownLatch ended = new CountDownLatch(1);
  private final ProgramHooks hooks =
      new ProgramHooks(EVENTS, this::calls, id -> true, ended::countDown);

  private ProgramCalls calls() {
    meanwhile.getAndSet(() -> {}).run();
    return rig.calls;
  }

  @AfterEach
  void over() {
    hooks.over();
  }

  private static JsonNode hook(String event, String id, String tool, String more) {
    return HelmJson.read(
        "{\"hook_event_name\":\"%s\",\"session_id\":\"s\",\"tool_use_id\":\"%s\",\"tool_name\":\"%s\",\"tool_input\":%s%s}"
            .formatted(event, id, tool, LS, more),
        JsonNode.class);
  }

  private static JsonNode batch(String id, String response) {
    return HelmJson.read(
        "{\"hook_event_name\":\"PostToolBatch\",\"tool_calls\":[{\"tool_use_id\":\"%s\",\"tool_name\":\"Bash\",\"tool_response\":\"%s\"}]}"
            .formatted(id, response),
        JsonNode.class);
  }

  private CompletableFuture<Gates.Answer> asks(JsonNode question) {
    CompletableFuture<Gates.Answer> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                answer.complete(hooks.asked(question));
              } catch (Exception e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }

  private PendingCall letGo(String id) throws Exception {
    CompletableFuture<Gates.Answer> answer = asks(hook("PreToolUse", id, "Bash", ""));
    assertThat(rig.take()).hasSize(1);
    PendingCall call = Objects.requireNonNull(hooks.call(id));
    assertThat(hooks.allow(id, HelmJson.read(LS, JsonNode.class))).isTrue();
    assertThat(answer.get(30, TimeUnit.SECONDS).reason()).isEmpty();
    return call;
  }

  @Test
  void aLostEndIsUnknownAndADenialIsNone() throws Exception {
    PendingCall lost = letGo("t1");
    hooks.asked(batch("t1", "a.txt"));
    assertThat(lost.end)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableThat()
        .withCauseInstanceOf(RuntimeWork.NoEnd.class);
    PendingCall denied = letGo("t2");
    hooks.asked(batch("t2", "<tool_use_error>PreToolUse:Bash hook error: no"));
    assertThat(denied.end.get(30, TimeUnit.SECONDS).summary()).contains("given up");
    PendingCall turn = letGo("t3");
    hooks.asked(hook("Stop", "", "", ""));
    assertThat(turn.end).isCompletedExceptionally();
  }

  /** Somebody says that a batch is over while the tool still runs. */
  @Test
  void anEndAfterAForgedBatchIsNoSecret() throws Exception {
    letGo("t1");
    hooks.asked(batch("t1", "PreToolUse:Bash hook error: no"));
    hooks.asked(hook("PostToolUse", "t1", "Bash", ",\"tool_response\":\"a.txt\""));
    assertThat(hooks.fault()).contains("Bash", "said to have none");
    assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aHookThatWasKilledBeforeItsCallBeganLeavesNothingOpen() throws Exception {
    Gates.Answer answer = hooks.asked(hook("PreToolUse", "t1", "Bash", ""), () -> true);
    assertThat(answer.reason()).contains("Nobody waits");
    assertThat(hooks.call("t1")).isNull();
  }

  @Test
  void aToolOfTheRuntimesUnderAHelmNameIsRefused() throws Exception {
    Gates.Answer answer = hooks.asked(hook("PreToolUse", "t1", "mcp__helm__Bash", ""));
    assertThat(answer.reason()).contains("cannot be told which call");
  }

  /** Helm answers a call while another one arrives. */
  @Test
  void answersAndQuestionsDoNotWaitForEachOther() throws Exception {
    CompletableFuture<Gates.Answer> first = asks(hook("PreToolUse", "t1", "Bash", ""));
    assertThat(rig.take()).hasSize(1);
    Thread giving = new Thread(() -> rig.give("t1", "no", true));
    giving.setDaemon(true);
    meanwhile.set(
        () -> {
          giving.start();
          while (giving.getState() != Thread.State.BLOCKED
              && giving.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
          }
        });
    CompletableFuture<Gates.Answer> second = asks(hook("PreToolUse", "t2", "Bash", ""));
    assertThat(first.get(30, TimeUnit.SECONDS).reason()).startsWith("no");
    assertThat(rig.take()).hasSize(1);
    rig.give("t2", "no", true);
    assertThat(second.get(30, TimeUnit.SECONDS).reason()).startsWith("no");
  }

  @Test
  void aResultThatNobodyFetchedIsForNoLaterCall() throws Exception {
    asksHelm("t1");
    asksHelm("t2");
    hooks.asked(hook("PostToolUse", "t1", "mcp__helm__Glob", ",\"tool_response\":\"x\""));
    assertThat(rig.call("Glob", LS).caller()).as("t2 fetches").isDone();
    hooks.asked(hook("PostToolUse", "t2", "mcp__helm__Glob", ",\"tool_response\":\"x\""));
    assertThat(rig.call("Glob", LS).caller()).as("stale").isNotDone();
  }

  private void asksHelm(String id) throws Exception {
    CompletableFuture<Gates.Answer> answer = asks(hook("PreToolUse", id, "mcp__helm__Glob", ""));
    assertThat(rig.take()).hasSize(1);
    rig.give(id, "found", false);
    assertThat(answer.get(30, TimeUnit.SECONDS).reason()).isEmpty();
  }

  // ---- ids and paths -------------------------------------------------------------------------

  @Test
  void anIdIsKnownWhereverHttpCutsTheAnswer() {
    String json = "{\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1f\",\"name\":\"Bash\"}]}";
    for (int at = 1; at < json.length(); at++) {
      AskedByModel asked = new AskedByModel();
      String cut =
          "%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
              .formatted(at, json.substring(0, at), json.length() - at, json.substring(at));
      String all = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + cut;
      var watch = asked.watch("r");
      watch.accept(ByteBuffer.wrap(all.getBytes(StandardCharsets.US_ASCII)));
      assertThat(asked.knows("r", "toolu_1f")).as("cut at " + at).isTrue();
    }
  }

  @Test
  void noIdsAreKeptOfARunThatNoProgramsHooksAskFor() {
    Gates gates = new Gates();
    ByteBuffer answer = ByteBuffer.wrap("{\"id\":\"toolu_1\"}".getBytes(StandardCharsets.US_ASCII));
    gates.watch("r").accept(answer);
    assertThat(gates.askedByModel("r", "toolu_1")).isFalse();
    gates.opened("r", hooks);
    gates.watch("r").accept(answer);
    assertThat(gates.askedByModel("r", "toolu_1")).isTrue();
    gates.released("r");
    assertThat(gates.askedByModel("r", "toolu_1")).isFalse();
  }

  @Test
  void whatJavaScriptTrimsIsAtNoEndOfAPath() {
    for (char each : "\u00a0\u2007\u202f\ufeff\u2028\u3000 \t".toCharArray()) {
      assertThat(FilePaths.written("/workspace/.env" + each)).as("%x", (int) each).isNotNull();
    }
    assertThat(FilePaths.written("/workspace/.env")).isNull();
  }

  @Test
  void helmsToolsKeepNothingThatWasFetched() {
    HelmTools tools = new HelmTools(List.of());
    JsonNode none = HelmJson.read("{}", JsonNode.class);
    tools.gave("Glob", none, "x");
    tools.answer(
        HelmJson.read(
            "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"Glob\",\"arguments\":{}}}",
            JsonNode.class));
    assertThat(tools.waiting()).isZero();
    tools.gave("Glob", none, "x");
    tools.forget();
    assertThat(tools.waiting()).isZero();
  }
}
