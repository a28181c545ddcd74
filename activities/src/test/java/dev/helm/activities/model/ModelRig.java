package dev.helm.activities.model;

import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.run.BoxSandbox;
import dev.helm.activities.run.LogActivityImpl;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.tools.Elsewhere;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.tools.Tools;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.RunStart;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerOptions;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A whole run with the real workflow and the real activities; waiting takes no time. */
final class ModelRig implements AutoCloseable {
  final MemoryStore store;
  final BoxSandbox sandbox;
  final AgentRunWorkflow workflow;
  private final TestWorkflowEnvironment env =
      TestWorkflowEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(HelmJson.dataConverter())
                      .build())
              .build());

  ModelRig(URI model, String prompt) {
    this(model, prompt, Plans.open(), HookRunner.none());
  }

  ModelRig(URI model, String prompt, Blueprint plan, HookRunner hooks) {
    store = new MemoryStore(plan, prompt);
    sandbox = new BoxSandbox(store.crashes);
    var worker =
        env.newWorker(
            AgentRunWorkflow.TASK_QUEUE,
            WorkerOptions.newBuilder()
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(50))
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(50))
                .build());
    worker.registerWorkflowImplementationTypes(AgentRunWorkflowImpl.class);
    worker.registerActivitiesImplementations(
        new LogActivityImpl(store, run -> {}),
        new ModelActivityImpl(
            store,
            store,
            store.talks,
            store,
            store,
            new ModelClient(model, Duration.ofMillis(500)),
            RunTools.NATIVE,
            new Hooks(store, store, Secrets.none(), hooks)),
        Tools.activity(
            store,
            store,
            store,
            sandbox,
            (run, slot, toolUseId, hosts) -> () -> {},
            null,
            (call, shell) -> {},
            Clock.systemUTC(),
            new Elsewhere(RunTools.NATIVE, Secrets.none(), null, hooks)));
    env.start();
    workflow =
        env.getWorkflowClient()
            .newWorkflowStub(
                AgentRunWorkflow.class,
                WorkflowOptions.newBuilder()
                    .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
                    .setWorkflowId(AgentRunWorkflow.workflowId(MemoryStore.RUN, 1))
                    .build());
    WorkflowClient.start(
        workflow::run, new RunStart(MemoryStore.RUN, 1, 50, 3_600_000, 3_600_000, null, null));
  }

  RunEvent.RunFinished end() {
    WorkflowStub.fromTyped(workflow).getResult(Void.class);
    return store.all(RunEvent.RunFinished.class).getFirst();
  }

  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come: " + what);
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    env.close();
  }
}
