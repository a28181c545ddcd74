package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import io.temporal.activity.Activity;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.BatchRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A run in Temporal's time-skipping environment whose activities follow a script. The log keeps the
 * contract of the real one: a key is written once, and with other content it is an error.
 */
final class ScriptedRun implements AutoCloseable {
  static final String RUN = "4f3a".repeat(8);

  final TestWorkflowEnvironment env;
  final Map<String, RunEvent> facts = Collections.synchronizedMap(new LinkedHashMap<>());
  final List<ModelActivity.Request> modelCalls = Collections.synchronizedList(new ArrayList<>());
  final List<ToolActivity.Request> toolSteps = Collections.synchronizedList(new ArrayList<>());
  final CountDownLatch toolRuns = new CountDownLatch(1);

  Function<ModelActivity.Request, ModelActivity.Reply> model = request -> answer(request);
  BiFunction<ScriptedRun, ToolActivity.Request, ToolActivity.Reply> tool =
      (run, request) -> done(request);

  /** Messages that are queued when the run wants to end. */
  Supplier<List<String>> unread = List::of;

  private int turnsMax = 10_000;
  private boolean slowFirst;
  private AgentRunWorkflow stub;

  /** In the time-skipping environment. */
  ScriptedRun() {
    this(options());
  }

  /** On a real server, for histories as they are written there. */
  ScriptedRun(String target) {
    this(options().setUseExternalService(true).setTarget(target));
  }

  private ScriptedRun(TestEnvironmentOptions.Builder options) {
    env = TestWorkflowEnvironment.newInstance(options.build());
    stub = env.getWorkflowClient().newWorkflowStub(AgentRunWorkflow.class, "unset");
  }

  private static TestEnvironmentOptions.Builder options() {
    return TestEnvironmentOptions.newBuilder()
        .setWorkflowClientOptions(
            WorkflowClientOptions.newBuilder()
                .setDataConverter(HelmJson.dataConverter())
                .setIdentity("helm-test")
                .build());
  }

  ScriptedRun turnsMax(int turns) {
    turnsMax = turns;
    return this;
  }

  AgentRunWorkflow start() {
    begin();
    WorkflowClient.start(stub::run, startOf());
    return stub;
  }

  /** A person's pause comes with the start; what is logged first takes its time. */
  void startPaused() {
    slowFirst = true;
    begin();
    BatchRequest both = env.getWorkflowClient().newSignalWithStartRequest();
    both.add(stub::run, startOf());
    both.add(stub::pause, new Signals.Control("p1", "ada"));
    env.getWorkflowClient().signalWithStart(both);
  }

  private RunStart startOf() {
    return new RunStart(RUN, 1, turnsMax, Duration.ofHours(8).toMillis(), 3_600_000, null, null);
  }

  private void begin() {
    var worker =
        env.newWorker(
            AgentRunWorkflow.TASK_QUEUE,
            WorkerOptions.newBuilder()
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(50))
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(50))
                .build());
    worker.registerWorkflowImplementationTypes(
        AgentRunWorkflowImpl.class, SubagentWorkflowImpl.class);
    worker.registerActivitiesImplementations(new FakeLog(), new FakeModel(), new FakeTool());
    env.start();
    stub =
        env.getWorkflowClient()
            .newWorkflowStub(
                AgentRunWorkflow.class,
                WorkflowOptions.newBuilder()
                    .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
                    .setWorkflowId(AgentRunWorkflow.workflowId(RUN, 1))
                    .build());
  }

  /** Labels of the sub-agents that have made a model call. */
  List<String> subagents() {
    synchronized (modelCalls) {
      return modelCalls.stream()
          .map(ModelActivity.Request::agent)
          .filter(agent -> !agent.equals(AgentRunWorkflow.MAIN))
          .distinct()
          .sorted()
          .toList();
    }
  }

  /** The sub-agent of this label, once it is there. */
  SubagentWorkflow subagent(String label) {
    return env.getWorkflowClient()
        .newWorkflowStub(SubagentWorkflow.class, SubagentWorkflow.workflowId(RUN, 1, label));
  }

  /** A person pauses the run while a tool works. */
  void pauseNow() {
    stub.pause(new Signals.Control("p1", "ada"));
  }

  /** Waits for the end and gives the last event. */
  RunEvent.RunFinished end() {
    WorkflowStub.fromTyped(stub).getResult(Void.class);
    List<RunEvent.RunFinished> ends = all(RunEvent.RunFinished.class);
    if (ends.size() != 1) {
      throw new AssertionError("ends: " + ends);
    }
    return ends.getFirst();
  }

  <T extends RunEvent> List<T> all(Class<T> type) {
    synchronized (facts) {
      return facts.values().stream().filter(type::isInstance).map(type::cast).toList();
    }
  }

  /** Polls in real time until the log holds such an event. */
  void awaitFact(Predicate<RunEvent> wanted) {
    await(
        "a fact",
        () -> {
          synchronized (facts) {
            return facts.values().stream().anyMatch(wanted);
          }
        });
  }

  /** Polls until the workflow has set a durable timer and has nothing more to do. */
  void awaitWaiting() {
    await(
        "a waiting workflow",
        () -> {
          List<HistoryEvent> history =
              env.getWorkflowClient()
                  .fetchHistory(AgentRunWorkflow.workflowId(RUN, 1))
                  .getHistory()
                  .getEventsList();
          return history.getLast().getEventType() == EventType.EVENT_TYPE_TIMER_STARTED;
        });
  }

  static void await(String what, java.util.function.BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come: " + what);
      }
      Thread.onSpinWait();
    }
  }

  static ModelActivity.Reply answer(ModelActivity.Request request, String... toolUseIds) {
    List<ModelActivity.Call> calls = new ArrayList<>();
    for (String id : toolUseIds) {
      calls.add(new ModelActivity.Call(id, "Bash"));
    }
    return new ModelActivity.Reply.Answered("head-" + request.turn(), calls);
  }

  static ToolActivity.Reply done(ToolActivity.Request request) {
    return new ToolActivity.Reply.Done(
        new RunStart.CallResult(request.toolUseId(), "sha-" + request.toolUseId(), false));
  }

  ToolActivity.Reply asks(ToolActivity.Request request, Duration timeout) {
    return new ToolActivity.Reply.Waits(
        "p-" + request.toolUseId(),
        "permission",
        "hash-" + request.toolUseId(),
        env.currentTimeMillis() + timeout.toMillis());
  }

  static Signals.Decide allow(String toolUseId, String by) {
    return new Signals.Decide(
        "d-" + toolUseId + by, "p-" + toolUseId, true, "hash-" + toolUseId, null, by, null);
  }

  static Signals.Decide deny(String toolUseId, String by) {
    return new Signals.Decide("d-" + toolUseId + by, "p-" + toolUseId, false, null, "no", by, null);
  }

  @Override
  public void close() {
    env.close();
  }

  private final class FakeLog implements LogActivity {
    @Override
    public void append(String run, List<Fact> written) {
      if (slowFirst && written.getFirst().event() instanceof RunEvent.RunStarted) {
        // Whoever does not wait for it is first.
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
      }
      synchronized (facts) {
        for (Fact fact : written) {
          RunEvent old = facts.putIfAbsent(fact.key(), fact.event());
          if (old != null && !old.equals(fact.event())) {
            throw new AssertionError("key " + fact.key() + " for two events");
          }
        }
      }
    }

    @Override
    public End finish(String run, List<Fact> written) {
      List<String> waiting = unread.get();
      if (waiting.isEmpty()) {
        append(run, written);
      }
      return new End(waiting);
    }
  }

  private final class FakeModel implements ModelActivity {
    @Override
    public Reply call(Request request) {
      modelCalls.add(request);
      return model.apply(request);
    }
  }

  private final class FakeTool implements ToolActivity {
    @Override
    public Reply step(Request request) {
      toolSteps.add(request);
      return tool.apply(ScriptedRun.this, request);
    }
  }

  /** A tool that works until somebody interrupts it. */
  static ToolActivity.Reply untilInterrupted(ScriptedRun run, ToolActivity.Request request) {
    run.toolRuns.countDown();
    while (true) {
      try {
        Activity.getExecutionContext().heartbeat(null);
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (ActivityCompletionException e) {
        return new ToolActivity.Reply.Done(
            new RunStart.CallResult(request.toolUseId(), "interrupted", true));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
