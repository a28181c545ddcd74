package dev.helm.activities.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.model.TinyModel.Call;
import dev.helm.activities.practice.PracticeModel;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.Signals;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(40)
class ModelActivityTest {
  private static final String LS = "{\"command\":\"ls\"}";

  @Test
  void anAnswerIsRecordedWithItsCalls() throws Exception {
    try (TinyModel model =
            new TinyModel().says("Looking.", new Call("t1", "Bash", LS)).says("All done.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.store.types())
          .containsSubsequence(
              "run.started",
              "turn.started",
              "model.message",
              "tool.requested",
              "tool.started",
              "tool.finished",
              "turn.started",
              "model.message",
              "run.finished");
      RunEvent.ModelMessage first = run.store.all(RunEvent.ModelMessage.class).getFirst();
      assertThat(first)
          .isEqualTo(
              new RunEvent.ModelMessage(
                  1,
                  Content.text("Looking."),
                  "claude-test",
                  "end_turn",
                  first.messageId(),
                  11,
                  7,
                  5,
                  0));
      RunEvent.ToolRequested call = run.store.all(RunEvent.ToolRequested.class).getFirst();
      assertThat(call.arguments()).isEqualTo(Content.text(LS));
      assertThat(call.argumentsHash()).isEqualTo(ToolCall.of("t1", "Bash", LS).argumentsHash());
      JsonNode result = model.asked.get(1).path("messages").get(2).path("content").get(0);
      assertThat(result.path("tool_use_id").asText()).isEqualTo("t1");
      assertThat(result.path("content").asText()).isEqualTo("done");
    }
  }

  @Test
  void aRetriedActivityGivesTheAnswerThatIsRecorded() throws Exception {
    MemoryStore store = new MemoryStore(Plans.open(), "go");
    TestActivityEnvironment env =
        TestActivityEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder()
                .setWorkflowClientOptions(
                    WorkflowClientOptions.newBuilder()
                        .setDataConverter(HelmJson.dataConverter())
                        .build())
                .build());
    try (TinyModel model =
        new TinyModel().says("One.", new Call("t1", "Bash", LS)).says("Another.")) {
      env.registerActivitiesImplementations(
          new ModelActivityImpl(
              store,
              store,
              store.talks,
              store,
              store,
              new ModelClient(model.uri(), Duration.ofSeconds(5)),
              dev.helm.activities.tools.RunTools.NATIVE,
              new Hooks(store, store, Secrets.none(), HookRunner.none())));
      ModelActivity activity =
          env.newActivityStub(
              ModelActivity.class,
              ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofMinutes(1)).build());
      ModelActivity.Request request =
          new ModelActivity.Request(MemoryStore.RUN, 1, "main", 1, 0, null, List.of(), List.of());
      // The answer is committed, then the process dies before Temporal hears of it.
      store.crashes.at(4);
      assertThat(fails(() -> activity.call(request))).isTrue();
      ModelActivity.Reply reply = activity.call(request);
      assertThat(reply)
          .isInstanceOfSatisfying(
              ModelActivity.Reply.Answered.class,
              answered ->
                  assertThat(answered.calls())
                      .containsExactly(new ModelActivity.Call("t1", "Bash")));
      assertThat(activity.call(request)).isEqualTo(reply);
      assertThat(model.asked).hasSize(1);
    } finally {
      env.close();
    }
  }

  private static boolean fails(Runnable work) {
    try {
      work.run();
      return false;
    } catch (io.temporal.failure.ActivityFailure e) {
      return true;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cut", "stall", "garbage", "error", "limited"})
  void whatMayPassIsLoggedAndMadeAgain(String fault) throws Exception {
    try (PracticeModel model =
            PracticeModel.start(0, List.of(Path.of("src", "test", "resources", "model")), false);
        ModelRig run =
            new ModelRig(URI.create("http://127.0.0.1:" + model.port()), "model " + fault)) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      List<RunEvent.ModelRetried> retried = run.store.all(RunEvent.ModelRetried.class);
      if (fault.equals("limited")) {
        assertThat(retried)
            .extracting(RunEvent.ModelRetried::status)
            .containsExactly(429, 529, 500);
        assertThat(retried.getFirst().waitMs()).isEqualTo(7_000);
      } else {
        assertThat(retried).hasSize(1);
        assertThat(retried.getFirst().waitMs()).isPositive();
      }
      int calls = fault.equals("cut") ? 1 : 0;
      assertThat(run.store.all(RunEvent.ToolRequested.class)).hasSize(calls);
      assertThat(run.sandbox.begun).hasSize(calls);
      assertThat(run.store.all(RunEvent.TurnStarted.class)).hasSize(1 + calls);
    }
  }

  @Test
  void aHalfReceivedCallNeverRuns() throws Exception {
    try (TinyModel model =
            new TinyModel().saysHalf("I", new Call("t1", "Bash", LS)).says("Without it.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.sandbox.begun).isEmpty();
      assertThat(run.store.types()).doesNotContain("tool.requested");
      assertThat(run.store.all(RunEvent.ModelRetried.class)).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{\"comm", "{\"command\":\"rm"})
  void aCallCutAtTheTokenLimitNeverRuns(String json) throws Exception {
    try (TinyModel model =
            new TinyModel().saysCutAtLimit("", new Call("t1", "Bash", json)).says("Then not.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.sandbox.begun).isEmpty();
      assertThat(run.store.types()).contains("tool.blocked");
    }
  }

  @Test
  void anAffordableAnswerIsAskedForShorter() throws Exception {
    try (TinyModel model =
            new TinyModel().refuses(402, Map.of("x-helm-affordable-tokens", "300")).says("Short.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(model.asked)
          .extracting(body -> body.path("max_tokens").asInt())
          .containsExactly(8192, 300);
      assertThat(run.store.types()).doesNotContain("budget.exhausted");
    }
  }

  @Test
  void aSpentBudgetPausesAndARaiseGoesOnThroughLaterTurns() throws Exception {
    try (TinyModel model =
            new TinyModel()
                .refuses(402, Map.of("x-helm-affordable-tokens", "255"))
                .says("On.", new Call("t1", "Bash", LS))
                .says("End.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      ModelRig.await("the pause", () -> run.store.types().contains("run.paused"));
      run.workflow.budgetRaised(new Signals.Control("r1", "ada"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.store.types())
          .containsSubsequence(
              "budget.exhausted", "run.paused", "run.resumed", "model.message", "tool.finished");
      assertThat(run.store.all(RunEvent.TurnStarted.class)).hasSize(2);
      assertThat(model.asked).hasSize(3);
    }
  }

  @Test
  void theCapThatHadNoRoomIsNamedAndWhatTheCallNeeds() throws Exception {
    Map<String, String> headers =
        Map.of(
            "x-helm-affordable-tokens",
            "0",
            "x-helm-budget",
            "project:market-intel/day spent=19.900000 cap=20.000000 useful=0.200000"
                + " whole=0.900000");
    try (TinyModel model = new TinyModel().refuses(402, headers).says("End.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      ModelRig.await("the pause", () -> run.store.types().contains("run.paused"));
      RunEvent.BudgetExhausted told = run.store.all(RunEvent.BudgetExhausted.class).getFirst();
      assertThat(told.scope()).isEqualTo("project:market-intel");
      assertThat(told.period()).isEqualTo("day");
      assertThat(told.capUsd()).isEqualTo(Usd.parse("20"));
      assertThat(told.neededUsd()).isEqualTo(Usd.parse("0.2"));
      run.workflow.budgetRaised(new Signals.Control("r1", "helm"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
    }
  }

  @Test
  void aShortenedAnswerThatWasCutNeedsRoomForAllOfIt() throws Exception {
    Map<String, String> headers =
        Map.of(
            "x-helm-affordable-tokens",
            "300",
            "x-helm-budget",
            "run spent=4.900000 cap=5.000000 useful=0.080000 whole=0.900000");
    try (TinyModel model =
            new TinyModel().refuses(402, headers).saysCutAtLimit("half a").says("All.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      ModelRig.await("the pause", () -> run.store.types().contains("run.paused"));
      RunEvent.BudgetExhausted told = run.store.all(RunEvent.BudgetExhausted.class).getFirst();
      assertThat(told.scope()).isEqualTo("run");
      assertThat(told.period()).isNull();
      assertThat(told.neededUsd()).isEqualTo(Usd.parse("0.9"));
      run.workflow.budgetRaised(new Signals.Control("r1", "ann"));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(model.asked).hasSize(3);
    }
  }

  @Test
  void aRefusedRequestEndsTheRun() throws Exception {
    try (TinyModel model = new TinyModel().refuses(400, Map.of());
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("failed");
      assertThat(run.end().reason()).contains("400", "no");
      assertThat(model.asked).hasSize(1);
    }
  }

  @Test
  void aMessageNowEndsAnAnswerThatHasNotBegun() throws Exception {
    try (PracticeModel model =
            PracticeModel.start(0, List.of(Path.of("src", "test", "resources", "model")), false);
        ModelRig run = new ModelRig(URI.create("http://127.0.0.1:" + model.port()), "model late")) {
      ModelRig.await("the call", () -> run.store.types().contains("turn.started"));
      run.store.queue("m1", "hurry");
      run.workflow.message(new Signals.Message("m1", true));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.store.types()).contains("message.read").doesNotContain("model.retried");
      assertThat(run.store.all(RunEvent.ModelMessage.class)).hasSize(1);
    }
  }

  @Test
  void onlyTheLastTwoUserMessagesCarryCacheMarks() throws Exception {
    try (TinyModel model =
            new TinyModel()
                .says("1", new Call("t1", "Bash", LS))
                .says("2", new Call("t2", "Bash", LS))
                .says("3", new Call("t3", "Bash", LS))
                .says("4");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      run.end();
      for (JsonNode body : model.asked) {
        JsonNode messages = body.path("messages");
        for (int i = 0; i < messages.size(); i++) {
          boolean user = messages.get(i).path("role").asText().equals("user");
          boolean marked = messages.get(i).toString().contains("cache_control");
          assertThat(marked).isEqualTo(user && i >= messages.size() - 3);
        }
        assertThat(body.path("system").get(0).has("cache_control")).isTrue();
      }
      String last = model.asked.getLast().path("messages").get(0).toString();
      String first = model.asked.getFirst().path("messages").get(0).toString();
      assertThat(first.replace(",\"cache_control\":{\"type\":\"ephemeral\"}", "")).isEqualTo(last);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"command\":",
        "[1]",
        "{\"command\":\"\\ud800\"}",
        "{\"timeout\":9007199254740993}"
      })
  void argumentsWithoutOneMeaningAreBlockedAndTheRunGoesOn(String json) throws Exception {
    try (TinyModel model =
            new TinyModel().says("", new Call("t1", "Bash", json)).says("Then not.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.store.types()).contains("tool.blocked").doesNotContain("tool.started");
      assertThat(run.store.all(RunEvent.ToolRequested.class).getFirst().arguments())
          .isEqualTo(Content.text(json));
      assertThat(model.asked).hasSize(2);
    }
  }

  @Test
  void anIdThatIsNotNewIsRefused() throws Exception {
    try (TinyModel model =
            new TinyModel()
                .says("", new Call("t1", "Bash", LS), new Call("t1", "Bash", "{}"))
                .says("", new Call("t1", "Bash", LS), new Call("t1", "Bash", LS))
                .says("", new Call("t1", "Bash", LS))
                .says("", new Call("t1", "Bash", "{\"command\":\"again\"}"))
                .says("End.");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.store.all(RunEvent.ModelRetried.class)).hasSize(3);
      assertThat(run.sandbox.begun).hasSize(1);
    }
  }

  @Test
  void anEmptyAnswerIsNotSentBack() throws Exception {
    try (TinyModel model = new TinyModel().says("").says("Yes?");
        ModelRig run = new ModelRig(model.uri(), "go")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(model.asked.getFirst().path("messages")).hasSize(1);
    }
  }

  @Test
  void inputsAreFilledInOnce() {
    assertThat(
            RequestBody.fill(
                "${a} ${b} ${c} $${a}", Map.of("a", "${b}", "b", "$1\\", "other", "x")))
        .isEqualTo("${b} $1\\ ${c} $${b}");
  }
}
