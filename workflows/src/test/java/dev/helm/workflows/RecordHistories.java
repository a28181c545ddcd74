package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.allow;
import static dev.helm.workflows.ScriptedRun.answer;
import static dev.helm.workflows.ScriptedRun.deny;
import static dev.helm.workflows.ScriptedRun.done;

import dev.helm.api.event.RunEvent;
import io.temporal.activity.Activity;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.WorkflowClient;
import io.temporal.common.WorkflowExecutionHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * Plays runs of every shape on a real Temporal server and keeps their histories for {@link
 * ReplayTest}; docs/testing.md says when. Each shape also checks how its run ended.
 */
class RecordHistories {
  static final Path FOLDER = Path.of("src", "test", "resources", "histories");

  /** A run: a script, what people do meanwhile, and the outcome that is expected. */
  interface Shape {
    String play(ScriptedRun run) throws InterruptedException;
  }

  public static void main(String[] args) throws Exception {
    Files.createDirectories(FOLDER);
    for (Path old : ReplayTest.histories()) {
      Files.delete(old);
    }
    try (TemporalServer server = TemporalServer.start(System.getenv(TemporalServer.BINARY))) {
      for (Map.Entry<String, Shape> shape : shapes().entrySet()) {
        try (ScriptedRun run = new ScriptedRun(server.target())) {
          String expected = shape.getValue().play(run);
          String outcome = run.end().outcome();
          if (!outcome.equals(expected)) {
            throw new AssertionError(shape.getKey() + " ended as " + outcome);
          }
          keep(shape.getKey(), run);
        }
      }
    }
  }

  @Test
  @EnabledIfEnvironmentVariable(named = TemporalServer.BINARY, matches = ".+")
  void record() throws Exception {
    main(new String[0]);
  }

  private static void keep(String name, ScriptedRun run) throws IOException {
    keep(name, run, AgentRunWorkflow.workflowId(ScriptedRun.RUN, 1));
    for (String agent : run.subagents()) {
      keep(
          name + "-" + agent.replace('/', '-'),
          run,
          SubagentWorkflow.workflowId(ScriptedRun.RUN, 1, agent));
    }
  }

  private static void keep(String name, ScriptedRun run, String id) throws IOException {
    List<WorkflowExecutionHistory> histories = chain(run.env.getWorkflowClient(), id);
    for (int i = 0; i < histories.size(); i++) {
      if (histories.get(i).getLastEvent().hasWorkflowExecutionTerminatedEventAttributes()) {
        // What was terminated is never replayed.
        continue;
      }
      String suffix = i == 0 ? "" : "-" + (i + 1);
      Files.writeString(
          FOLDER.resolve(name + suffix + ".json"), histories.get(i).toJson(false) + "\n");
    }
  }

  /** The executions under this id, oldest first. */
  private static List<WorkflowExecutionHistory> chain(WorkflowClient client, String id) {
    List<WorkflowExecutionHistory> chain = new ArrayList<>();
    WorkflowExecutionHistory newest = client.fetchHistory(id);
    String before = null;
    while (newest != null) {
      chain.addFirst(newest);
      before =
          newest
              .getEvents()
              .getFirst()
              .getWorkflowExecutionStartedEventAttributes()
              .getContinuedExecutionRunId();
      newest = before.isEmpty() ? null : client.fetchHistory(id, before);
    }
    return chain;
  }

  private static Map<String, Shape> shapes() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("plain", RecordHistories::plain);
    shapes.put("permission-allowed", run -> permission(run, allow("t1", "ada")));
    shapes.put("permission-denied", run -> permission(run, deny("t1", "ada")));
    shapes.put("permission-timed-out", RecordHistories::timedOut);
    shapes.put("steering-next", run -> steering(run, false));
    shapes.put("steering-now", run -> steering(run, true));
    shapes.put("steering-now-while-the-attempt-dies", RecordHistories::steeringWhileDying);
    shapes.put("steering-now-too-late", RecordHistories::steeringTooLate);
    shapes.put("pause-and-resume", RecordHistories::pause);
    shapes.put("cancel-during-a-tool", RecordHistories::cancelDuringTool);
    shapes.put("cancel-while-the-attempt-dies", run -> cancelWhileDying(run, true));
    shapes.put("cancel-while-the-engine-is-dead", run -> cancelWhileDying(run, false));
    shapes.put("unread-at-the-end", RecordHistories::unreadAtTheEnd);
    shapes.put("cancel-while-waiting", RecordHistories::cancelWhileWaiting);
    shapes.put("budget-raised", RecordHistories::budget);
    shapes.put("three-calls-two-waiting", RecordHistories::threeCalls);
    shapes.put("question", run -> asksPerson(run, "question", "blue"));
    shapes.put("outcome-unknown", run -> asksPerson(run, "unknown", "happened"));
    shapes.put("outcome-unknown-stop", RecordHistories::unknownStop);
    shapes.put("model-refuses", RecordHistories::refused);
    shapes.put("continue-as-new", RecordHistories::continueAsNew);
    shapes.putAll(SubagentShapes.all());
    return shapes;
  }

  private static ModelActivity.Reply oneCall(ModelActivity.Request request) {
    return request.turn() == 1 ? answer(request, "t1") : answer(request);
  }

  private static ToolActivity.Reply asksFirst(ScriptedRun run, ToolActivity.Request request) {
    return request.phase() instanceof ToolActivity.Phase.Asked
        ? run.asks(request, Duration.ofMinutes(30))
        : done(request);
  }

  private static String plain(ScriptedRun run) {
    run.model =
        request -> request.turn() < 4 ? answer(request, "t" + request.turn()) : answer(request);
    run.start();
    return "succeeded";
  }

  private static String permission(ScriptedRun run, Signals.Decide decision) {
    run.model = RecordHistories::oneCall;
    run.tool = RecordHistories::asksFirst;
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
    workflow.decide(decision);
    return "succeeded";
  }

  private static String timedOut(ScriptedRun run) {
    run.model = RecordHistories::oneCall;
    run.tool =
        (r, request) ->
            request.phase() instanceof ToolActivity.Phase.Asked
                ? r.asks(request, Duration.ofMillis(300))
                : done(request);
    run.start();
    return "succeeded";
  }

  private static String steering(ScriptedRun run, boolean now) throws InterruptedException {
    CountDownLatch goOn = new CountDownLatch(1);
    run.model = request -> request.turn() == 1 ? answer(request, "t1", "t2") : answer(request);
    run.tool =
        (r, request) -> {
          if (request.phase() instanceof ToolActivity.Phase.Asked) {
            r.toolRuns.countDown();
            return now ? ScriptedRun.untilInterrupted(r, request) : after(goOn, request);
          }
          return done(request);
        };
    AgentRunWorkflow workflow = run.start();
    came(run.toolRuns);
    workflow.message(new Signals.Message("m1", now));
    workflow.message(new Signals.Message("m2", false));
    workflow.cancelMessage(new Signals.CancelMessage("m2", "ada"));
    goOn.countDown();
    return "succeeded";
  }

  private static String steeringWhileDying(ScriptedRun run) throws InterruptedException {
    run.model = request -> request.turn() == 1 ? answer(request, "t1") : answer(request);
    run.tool =
        (r, request) ->
            switch (request.phase()) {
              case ToolActivity.Phase.Asked a -> r.asks(request, Duration.ofMinutes(30));
              case ToolActivity.Phase.Decided d -> diesWhenInterrupted(r);
              case ToolActivity.Phase.Dropped d -> done(request);
              default -> throw new IllegalStateException("not " + request.phase());
            };
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
    workflow.decide(allow("t1", "ada"));
    came(run.toolRuns);
    workflow.message(new Signals.Message("m1", true));
    ScriptedRun.await("the drop", () -> run.toolSteps.size() == 3);
    if (!(run.toolSteps.get(2).phase() instanceof ToolActivity.Phase.Dropped dropped)
        || !allow("t1", "ada").equals(dropped.decision())) {
      throw new AssertionError("the decision was lost: " + run.toolSteps.get(2));
    }
    return "succeeded";
  }

  /**
   * The answer was whole when the message came: nothing is interrupted, no later call is dropped.
   */
  private static String steeringTooLate(ScriptedRun run) throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    run.model =
        request -> {
          if (request.turn() == 1) {
            asked.countDown();
            await(goOn);
            return answer(request);
          }
          return request.turn() == 2 ? answer(request, "t2") : answer(request);
        };
    AgentRunWorkflow workflow = run.start();
    came(asked);
    workflow.message(new Signals.Message("m1", true));
    goOn.countDown();
    run.end();
    if (!run.toolSteps.getFirst().phase().equals(new ToolActivity.Phase.Asked())) {
      throw new AssertionError("a later call was dropped: " + run.toolSteps);
    }
    return "succeeded";
  }

  private static String pause(ScriptedRun run) throws InterruptedException {
    CountDownLatch goOn = new CountDownLatch(1);
    run.model = RecordHistories::oneCall;
    run.tool =
        (r, request) -> {
          r.toolRuns.countDown();
          return after(goOn, request);
        };
    AgentRunWorkflow workflow = run.start();
    came(run.toolRuns);
    workflow.pause(new Signals.Control("c1", "ada"));
    goOn.countDown();
    run.awaitFact(RunEvent.RunPaused.class::isInstance);
    workflow.resume(new Signals.Control("c2", "ada"));
    return "succeeded";
  }

  private static String cancelDuringTool(ScriptedRun run) throws InterruptedException {
    run.model = request -> answer(request, "t1");
    run.tool = ScriptedRun::untilInterrupted;
    AgentRunWorkflow workflow = run.start();
    came(run.toolRuns);
    workflow.cancel(new Signals.Control("c1", "ada"));
    return "cancelled";
  }

  /** What the dying attempt began is found and ended, and a dead engine does not hold that up. */
  private static String cancelWhileDying(ScriptedRun run, boolean engine)
      throws InterruptedException {
    run.model = request -> answer(request, "t1");
    run.tool =
        (r, request) -> {
          if (request.phase() instanceof ToolActivity.Phase.Asked) {
            return diesWhenInterrupted(r);
          }
          if (engine) {
            return done(request);
          }
          throw new IllegalStateException("the engine does not answer");
        };
    AgentRunWorkflow workflow = run.start();
    came(run.toolRuns);
    workflow.cancel(new Signals.Control("c1", "ada"));
    run.end();
    if (!(run.toolSteps.getLast().phase() instanceof ToolActivity.Phase.Dropped)) {
      throw new AssertionError("the call was left open: " + run.toolSteps);
    }
    return "cancelled";
  }

  private static String unreadAtTheEnd(ScriptedRun run) {
    run.unread = () -> run.modelCalls.size() < 2 ? List.of("m1") : List.of();
    run.start();
    return "succeeded";
  }

  private static String cancelWhileWaiting(ScriptedRun run) {
    run.model = request -> answer(request, "t1");
    run.tool = RecordHistories::asksFirst;
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
    workflow.cancel(new Signals.Control("c1", "ada"));
    return "cancelled";
  }

  private static String budget(ScriptedRun run) {
    run.model =
        request ->
            request.turn() == 1 && request.round() == 0
                ? new ModelActivity.Reply.OverBudget("run", "no room")
                : oneCall(request);
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the call", () -> !run.modelCalls.isEmpty());
    workflow.budgetRaised(new Signals.Control("r1", "ada"));
    return "succeeded";
  }

  private static String threeCalls(ScriptedRun run) {
    run.model = request -> request.turn() == 1 ? answer(request, "a", "b", "c") : answer(request);
    run.tool =
        (r, request) -> request.toolUseId().equals("b") ? done(request) : asksFirst(r, request);
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("all asked", () -> run.toolSteps.size() == 3);
    workflow.decide(deny("c", "ada"));
    run.awaitFact(RunEvent.RunPaused.class::isInstance);
    workflow.decide(allow("a", "bob"));
    return "succeeded";
  }

  private static String asksPerson(ScriptedRun run, String reason, String said) {
    run.model = RecordHistories::oneCall;
    run.tool =
        (r, request) ->
            request.phase() instanceof ToolActivity.Phase.Asked ? waits(r, reason) : done(request);
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
    workflow.answer(new Signals.Answer("a1", "q1", said, "ada"));
    return "succeeded";
  }

  private static String unknownStop(ScriptedRun run) {
    run.model = RecordHistories::oneCall;
    run.tool =
        (r, request) ->
            request.phase() instanceof ToolActivity.Phase.Asked
                ? waits(r, "unknown")
                : new ToolActivity.Reply.Stop("ada");
    AgentRunWorkflow workflow = run.start();
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
    workflow.answer(new Signals.Answer("a1", "q1", "stop", "ada"));
    return "cancelled";
  }

  private static String refused(ScriptedRun run) {
    run.model = request -> new ModelActivity.Reply.Refused("no");
    run.start();
    return "failed";
  }

  private static String continueAsNew(ScriptedRun run) {
    run.model =
        request -> request.turn() < 25 ? answer(request, "t" + request.turn()) : answer(request);
    run.start();
    return "succeeded";
  }

  private static ToolActivity.Reply waits(ScriptedRun run, String reason) {
    return new ToolActivity.Reply.Waits(
        "q1", reason, null, run.env.currentTimeMillis() + 3_600_000);
  }

  private static ToolActivity.Reply after(CountDownLatch latch, ToolActivity.Request request) {
    await(latch);
    return done(request);
  }

  private static void await(CountDownLatch latch) {
    try {
      came(latch);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An attempt that ends without a word of how it was interrupted, as a killed service does. */
  private static ToolActivity.Reply diesWhenInterrupted(ScriptedRun run) {
    run.toolRuns.countDown();
    while (true) {
      try {
        Activity.getExecutionContext().heartbeat(null);
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (ActivityCompletionException e) {
        throw new IllegalStateException("the service dies here", e);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void came(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(20, TimeUnit.SECONDS)) {
      throw new IllegalStateException("nobody came");
    }
  }
}
