package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.allow;
import static dev.helm.workflows.ScriptedRun.answer;
import static dev.helm.workflows.ScriptedRun.done;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs with sub-agents, for {@link RecordHistories}: calls whose id begins with "a" ask for one.
 */
final class SubagentShapes {
  private SubagentShapes() {}

  static Map<String, RecordHistories.Shape> all() {
    Map<String, RecordHistories.Shape> shapes = new LinkedHashMap<>();
    shapes.put("subagents-two", SubagentShapes::two);
    shapes.put("subagent-asks-and-is-allowed", SubagentShapes::allowed);
    shapes.put("subagent-cancelled-with-its-run", SubagentShapes::cancelled);
    shapes.put("subagent-ended-by-a-message", SubagentShapes::message);
    shapes.put("subagent-paused-and-resumed", SubagentShapes::paused);
    shapes.put("subagent-waits-for-money", SubagentShapes::money);
    shapes.put("subagent-terminated-outside", SubagentShapes::terminated);
    shapes.put("subagent-stops-the-run", SubagentShapes::stops);
    shapes.put("subagent-continued-as-new", SubagentShapes::continuedAsNew);
    return shapes;
  }

  private static void script(ScriptedRun run, String... toolUseIds) {
    run.model =
        request -> {
          if (request.turn() > 1) {
            return answer(request);
          }
          return request.agent().equals(AgentRunWorkflow.MAIN)
              ? answer(request, toolUseIds)
              : answer(request, "t-" + request.agent());
        };
    run.tool = SubagentShapes::step;
  }

  private static ToolActivity.Reply step(ScriptedRun run, ToolActivity.Request request) {
    return request.toolUseId().startsWith("a") && request.phase() instanceof Phase.Asked
        ? new ToolActivity.Reply.Spawns(request.agent() + "/" + request.toolUseId().substring(1))
        : done(request);
  }

  private static AgentRunWorkflow startWithAToolAtWork(ScriptedRun run)
      throws InterruptedException {
    script(run, "a1");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t")
                ? ScriptedRun.untilInterrupted(r, request)
                : step(r, request);
    AgentRunWorkflow workflow = run.start();
    run.toolRuns.await();
    return workflow;
  }

  private static String two(ScriptedRun run) {
    script(run, "a1", "a2");
    run.start();
    return "succeeded";
  }

  private static String allowed(ScriptedRun run) {
    script(run, "a1");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t") && request.phase() instanceof Phase.Asked
                ? r.asks(request, Duration.ofMinutes(30))
                : step(r, request);
    run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("permission"));
    run.subagent("main/1").decide(allow("t-main/1", "ada"));
    return "succeeded";
  }

  private static String cancelled(ScriptedRun run) throws InterruptedException {
    startWithAToolAtWork(run).cancel(new Signals.Control("c1", "ada"));
    return "cancelled";
  }

  private static String message(ScriptedRun run) throws InterruptedException {
    startWithAToolAtWork(run).message(new Signals.Message("m1", true));
    return "succeeded";
  }

  private static String paused(ScriptedRun run) {
    script(run, "a1");
    run.tool =
        (r, request) -> {
          if (request.toolUseId().startsWith("t")) {
            r.pauseNow();
          }
          return step(r, request);
        };
    AgentRunWorkflow workflow = run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("person"));
    workflow.resume(new Signals.Control("r1", "ada"));
    return "succeeded";
  }

  private static String money(ScriptedRun run) {
    script(run, "a1");
    var script = run.model;
    run.model =
        request ->
            request.agent().equals("main/1") && request.turn() == 1 && request.round() == 0
                ? new ModelActivity.Reply.OverBudget("run", "no room")
                : script.apply(request);
    AgentRunWorkflow workflow = run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("budget"));
    workflow.budgetRaised(new Signals.Control("b1", "ada"));
    return "succeeded";
  }

  private static String stops(ScriptedRun run) {
    script(run, "a1");
    run.tool =
        (r, request) ->
            request.toolUseId().startsWith("t")
                ? new ToolActivity.Reply.Stop("ada")
                : step(r, request);
    run.start();
    return "cancelled";
  }

  /**
   * A sub-agent whose second execution is told of everything: money, pause, resume, and the end,
   * which comes while its last tool is at work.
   */
  static String continuedAsNew(ScriptedRun run) {
    AtomicBoolean spent = new AtomicBoolean();
    run.model =
        request -> {
          if (request.agent().equals(AgentRunWorkflow.MAIN)) {
            return request.turn() == 1 ? answer(request, "a1") : answer(request);
          }
          return request.turn() == 30 && spent.compareAndSet(false, true)
              ? new ModelActivity.Reply.OverBudget("run", "no room")
              : answer(request, "t" + request.turn());
        };
    run.tool =
        (r, request) -> {
          if (request.toolUseId().equals("t31")) {
            r.pauseNow();
          }
          return request.toolUseId().equals("t32")
              ? ScriptedRun.untilInterrupted(r, request)
              : step(r, request);
        };
    AgentRunWorkflow workflow = run.start();
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("budget"));
    workflow.budgetRaised(new Signals.Control("b1", "ada"));
    run.awaitFact(e -> e instanceof RunEvent.RunPaused p && p.reason().equals("person"));
    workflow.resume(new Signals.Control("r1", "ada"));
    ScriptedRun.await("the last tool", () -> run.toolRuns.getCount() == 0);
    workflow.cancel(new Signals.Control("c1", "ada"));
    return "cancelled";
  }

  private static String terminated(ScriptedRun run) throws InterruptedException {
    AgentRunWorkflow unused = startWithAToolAtWork(run);
    run.env
        .getWorkflowClient()
        .newUntypedWorkflowStub(SubagentWorkflow.workflowId(ScriptedRun.RUN, 1, "main/1"))
        .terminate("by hand");
    return "succeeded";
  }
}
