package dev.helm.service.run;

import dev.helm.activities.run.LogActivityImpl;
import dev.helm.activities.snapshot.CallSnapshot;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.activities.tools.Tools;
import dev.helm.activities.workspace.WorkspaceLimits;
import dev.helm.api.RunId;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.LoggedEvent;
import dev.helm.service.files.Epochs;
import dev.helm.service.files.PlainSandbox;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.HelmJson;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Runs with real workflows, a real log and real files; the model is a script. */
final class EpochsRig implements AutoCloseable {
  final Store store;
  final PlainSandbox sandbox;
  final Snapshots snapshots;
  final ScriptedModel model;
  final TemporalRunControl control;
  final Epochs epochs;
  private final WorkflowServiceStubs stubs;
  private final WorkerFactory workers;

  EpochsRig(Path home, TemporalServer temporal, IntFunction<List<String>> script) throws Exception {
    store = Store.open(home, Clock.systemUTC());
    sandbox = new PlainSandbox(home);
    snapshots = new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, Clock.systemUTC());
    model = new ScriptedModel(store, script);
    stubs =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder()
                .setTarget(temporal.address())
                .setGrpcClientInterceptors(List.of(new Away()))
                .build());
    WorkflowClient client =
        WorkflowClient.newInstance(
            stubs,
            WorkflowClientOptions.newBuilder().setDataConverter(HelmJson.dataConverter()).build());
    control =
        new TemporalRunControl(
            client, store, new Ledger(store, PriceTable.load(home)), blueprint -> null);
    epochs = epochs(step -> {});
    workers = WorkerFactory.newInstance(client);
    Worker worker =
        workers.newWorker(
            AgentRunWorkflow.TASK_QUEUE,
            WorkerOptions.newBuilder()
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(400))
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(400))
                .build());
    worker.registerWorkflowImplementationTypes(AgentRunWorkflowImpl.class);
    worker.registerActivitiesImplementations(
        new LogActivityImpl(store.log(), sandbox::release),
        model,
        Tools.activity(
            store.log(),
            store.blobs(),
            store.runs(),
            sandbox,
            (run, slot, toolUseId, hosts) -> () -> {},
            null,
            new CallSnapshot(snapshots, store.files(), store.log()),
            Clock.systemUTC()));
    workers.start();
  }

  /** Methods of Temporal that are refused now. */
  final Set<String> away = ConcurrentHashMap.newKeySet();

  private final class Away implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      if (away.contains(method.getBareMethodName())) {
        throw Status.UNAUTHENTICATED.withDescription("away").asRuntimeException();
      }
      return next.newCall(method, options);
    }
  }

  /** Another life of the service's part, which may die at a step. */
  Epochs epochs(WorkspaceRestore.Steps steps) {
    return epochs(steps, control::start);
  }

  Epochs epochs(WorkspaceRestore.Steps steps, Consumer<String> starting) {
    return new Epochs(
        store,
        sandbox,
        snapshots,
        new WorkspaceRestore(snapshots, -1, steps),
        control::leave,
        starting);
  }

  RunQueries.NewRun wanted() {
    Blueprint blueprint =
        new Blueprint(
            "scripted",
            "",
            "default",
            "native",
            new Blueprint.Model("claude-sonnet-4-5", 1_000),
            "",
            "Go.",
            Map.of(),
            List.of("Bash"),
            new Blueprint.Permissions(
                List.of(), List.of("Bash(ask *)"), List.of("Bash"), 3_600_000, 1),
            new Blueprint.Budget(Usd.parse("5"), List.of(50)),
            new Blueprint.Limits(100, TimeUnit.HOURS.toMillis(8)),
            new Blueprint.Egress(List.of()),
            new Blueprint.Sandbox("default", 1L << 30, 1_000, 256));
    Blueprint.Stored stored = store.blueprints().put(Access.system(), blueprint, "test").stored();
    return new RunQueries.NewRun(
        RunId.random().value(),
        "scripted",
        stored,
        "u1",
        "ada",
        Usd.parse("5"),
        Map.of(),
        "{}",
        null,
        true,
        null);
  }

  String start() {
    RunQueries.NewRun wanted = wanted();
    store.queries().create(wanted);
    control.start(wanted.run());
    return wanted.run();
  }

  RunStatus status(String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).status();
  }

  void await(String run, RunStatus status) {
    await(() -> status(run) == status, run);
  }

  List<LoggedEvent> events(String run, String... types) {
    return store.queries().events(Access.system(), run, 0, 1_000, Set.of(types)).items();
  }

  void await(BooleanSupplier done, String run) {
    long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new AssertionError(
            "not within 60 s; the log is "
                + events(run).stream().map(e -> e.seq() + " " + e.type()).toList());
      }
      java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
    }
  }

  @Override
  public void close() {
    workers.shutdownNow();
    workers.awaitTermination(5, TimeUnit.SECONDS);
    stubs.shutdownNow();
    TablesAndLog.agree(store);
    store.close();
  }
}
