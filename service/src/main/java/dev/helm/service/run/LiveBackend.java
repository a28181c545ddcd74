package dev.helm.service.run;

import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.egress.EgressLimits;
import dev.helm.activities.egress.EgressProxy;
import dev.helm.activities.egress.HostDial;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.foreign.AgentModels;
import dev.helm.activities.foreign.ForeignSessions;
import dev.helm.activities.foreign.ProgramDoor;
import dev.helm.activities.foreign.ProgramKind;
import dev.helm.activities.foreign.claude.ClaudeSdk;
import dev.helm.activities.foreign.claude.Gates;
import dev.helm.activities.hook.BoxHooks;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.images.ImageList;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.mail.Relay;
import dev.helm.activities.mcp.ImagePrograms;
import dev.helm.activities.mcp.McpHub;
import dev.helm.activities.mcp.Programs;
import dev.helm.activities.model.ModelActivityImpl;
import dev.helm.activities.model.ModelClient;
import dev.helm.activities.publish.Publishing;
import dev.helm.activities.run.LogActivityImpl;
import dev.helm.activities.sandbox.DockerSandbox;
import dev.helm.activities.sandbox.EngineImages;
import dev.helm.activities.sandbox.NoSandbox;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxSettings;
import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.snapshot.CallSnapshot;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.activities.tools.Elsewhere;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.tools.Tools;
import dev.helm.activities.workspace.LauncherDisks;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.api.Secret;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import dev.helm.service.HelmService;
import dev.helm.service.Settings;
import dev.helm.service.audit.Exports;
import dev.helm.service.files.Epochs;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.LedgerSocket;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.notify.ScheduleNotices;
import dev.helm.service.notify.Webhook;
import dev.helm.service.rest.Backend;
import dev.helm.service.rest.RunControl;
import dev.helm.service.rest.RunStarts;
import dev.helm.service.rest.ScheduleFires;
import dev.helm.service.store.Hmac;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.worker.WorkerFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts that make runs go on: Temporal's client and worker, the sandbox, egress, the ledger's
 * socket. Nothing here waits for what may be down; it is tried again until it is there.
 */
public final class LiveBackend implements Backend {
  private static final Logger LOG = LoggerFactory.getLogger(LiveBackend.class);
  private static final Duration HEALTH_EVERY = Duration.ofSeconds(2);
  private static final Duration RECONCILE_EVERY = Duration.ofSeconds(30);
  private static final Duration MONEY_EVERY = Duration.ofSeconds(1);
  private static final Duration REAP_EVERY = Duration.ofSeconds(5);
  private static final Duration SCHEDULES_EVERY = Duration.ofSeconds(2);
  private static final Duration ARCHIVE_EVERY = Duration.ofSeconds(10);

  /** Long before the dev server forgets what ended, which it does after a day. */
  private static final Duration ARCHIVE_ACTIVE_EVERY = Duration.ofMinutes(20);

  private static final Duration MODEL_IDLE = Duration.ofSeconds(120);

  private final Settings settings;
  private final Store store;
  private final WorkflowServiceStubs temporal;
  private final WorkerFactory workers;
  private final Sandbox sandbox;
  private final @Nullable EngineImages engineImages;
  private final @Nullable EgressProxy egress;
  private final LedgerSocket ledgerSocket;
  private final ZoneId moneyZone;
  private final Set<String> operatorHosts;
  private final ImageList allowedImages;
  private final MoneyWatch moneyWatch;
  private final TemporalRunControl control;
  private final Reconciler reconciler;
  private final TemporalSchedules schedules;
  private final ScheduleFires fires;
  private final Reaper reaper;
  private final Snapshots snapshots;
  private final Epochs epochs;
  private final StallWatch stalls;
  private final @Nullable Webhook webhook;
  private final HistoryArchive histories;
  private final McpHub mcp;
  private final RunTools tools;
  private final ForeignSessions agents;
  private final Gates gates = new Gates();
  private final Health health;
  private final ScheduledExecutorService upkeep =
      Executors.newScheduledThreadPool(
          4, Thread.ofPlatform().daemon().name("helm-upkeep-", 0).factory());

  private LiveBackend(Settings settings, Store store, StreamHub hub) throws IOException {
    this.settings = settings;
    this.store = store;
    OperatorConfig operator = OperatorConfig.read(settings.home());
    this.moneyZone = operator.moneyZone();
    this.allowedImages = operator.images();
    this.operatorHosts =
        operator.targets().stream()
            .filter(target -> !target.mirror())
            .map(target -> target.host().toString())
            .collect(Collectors.toSet());
    Ledger ledger = new Ledger(store, PriceTable.load(settings.home()), new Days(moneyZone));
    this.ledgerSocket =
        LedgerSocket.start(
            settings.home().resolve("run").resolve("ledger.sock"),
            ledgerSecret(settings.home()),
            ledger);
    String identity = "helm-" + UUID.randomUUID();
    this.temporal = TemporalConnection.stubs(settings.temporalAddress());
    WorkflowClient client = TemporalConnection.client(temporal, identity);
    this.engineImages =
        settings.dockerHost().isEmpty() || settings.image().isEmpty()
            ? null
            : new EngineImages(dockerHost(settings), installation(settings));
    SandboxImages images =
        engineImages == null
            ? null
            : new SandboxImages(settings.home(), engineImages, settings.image(), operator.images());
    RunContainers containers = images == null ? null : new RunContainers(store.runs(), images);
    this.control =
        new TemporalRunControl(
            client,
            store,
            ledger,
            blueprint -> containers == null ? null : containers.imageOf(blueprint));
    this.moneyWatch = new MoneyWatch(ledger, control::budgetRaised);
    this.reconciler =
        new Reconciler(temporal, TemporalConnection.NAMESPACE, identity, store, ledger, control);
    ledger.onOver(
        (run, reservation, held, actual) ->
            Thread.startVirtualThread(() -> control.pause(run, "helm", "over-" + reservation)));
    Workspaces workspaces =
        new Workspaces(
            settings.home(),
            Workspaces.defaultOwnerUid(),
            LauncherDisks.find(settings.home()),
            operator.workspace());
    StoredWaits waits =
        new StoredWaits(store, Duration.ofMinutes(operator.waitMinutes()), Clock.systemUTC());
    ProgramDoor programs = new ProgramDoor(HelmService.VERSION);
    EgressGrants grants = new EgressGrants();
    EgressRecords egressRecords = new EgressRecords(store.log());
    AtomicReference<@Nullable DockerSandbox> docker = new AtomicReference<>();
    if (containers == null) {
      this.egress = null;
      this.sandbox = new NoSandbox(workspaces);
    } else {
      this.egress =
          new EgressProxy(
              grants,
              HostResolver.system(),
              operator.targets(),
              attempt -> egressRecords.record(docker.get(), attempt),
              EgressLimits.DEFAULT);
      DockerSandbox started =
          DockerSandbox.start(
              sandboxSettings(settings, operator),
              new StoredSlots(store.slots()),
              workspaces,
              List.of(egress),
              containers.agents(
                  gates.model(address(URI.create(settings.keyProxy()))),
                  programs.door(),
                  gates.door()),
              waits);
      docker.set(started);
      this.sandbox = started;
    }
    this.health = new Health(settings, sandbox, ledgerSocket, temporal, reconciler);
    this.schedules = new TemporalSchedules(temporal, identity, store.schedules());
    this.fires =
        new ScheduleFires(
            store,
            new RunStarts(
                store.blueprints(), health::readOnlyBecause, operator::images, settings.practice()),
            control);
    this.stalls = new StallWatch(store.queries(), store.log(), Clock.systemUTC());
    this.webhook = webhook(settings.home(), operator, store);
    this.histories = new HistoryArchive(client, store, Clock.systemUTC());
    Outgoing outgoing = new Outgoing(HostResolver.system(), operator.targets(), operator.trust());
    this.mcp =
        new McpHub(
            store.log(),
            store.blobs(),
            store.mcpPins(),
            store.secrets(),
            sandbox.boxes(),
            images == null ? Programs.inDefaultImage() : new ImagePrograms(images),
            new HostDial(outgoing, egressRecords::dialled),
            waits,
            HelmService.VERSION);
    this.tools = new RunTools(List.of(mcp));
    this.agents =
        new ForeignSessions(
            Map.of(
                Blueprint.COMMAND,
                new ProgramKind(sandbox.boxes(), programs, tools),
                Blueprint.CLAUDE_AGENT_SDK,
                new ClaudeSdk(sandbox.boxes(), tools, gates, programs)));
    this.reaper = new Reaper(store, this::release);
    this.snapshots =
        new Snapshots(settings.home(), sandbox, operator.workspace(), Clock.systemUTC());
    int owner = Workspaces.serviceUid() == 0 ? Workspaces.defaultOwnerUid() : -1;
    this.epochs =
        new Epochs(
            store,
            sandbox,
            snapshots,
            new WorkspaceRestore(snapshots, owner, step -> {}),
            control::leave,
            control::start);
    this.workers = workers(client, hub, grants, outgoing, publishing(settings.home(), operator));
  }

  /** Makes the parts; none of them works before {@link #start}. */
  public static Backend open(Settings settings, Store store, StreamHub hub) {
    try {
      return new LiveBackend(settings, store, hub);
    } catch (IOException e) {
      throw new IllegalArgumentException("the service cannot start: " + e.getMessage(), e);
    }
  }

  @Override
  public RunControl control() {
    return control;
  }

  @Override
  public Epochs epochs() {
    return epochs;
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  @Override
  public RunTools tools() {
    return tools;
  }

  @Override
  public WorkspaceFiles files(String run) {
    return sandbox.files(run);
  }

  @Override
  public Exports.Histories histories() {
    return histories;
  }

  @Override
  public List<Bodies.Component> components() {
    return health.components();
  }

  @Override
  public ZoneId moneyZone() {
    return moneyZone;
  }

  @Override
  public @Nullable String readOnlyBecause() {
    return health.readOnlyBecause();
  }

  @Override
  public void schedulesChanged() {
    var unused = upkeep.schedule(this::tellSchedules, 0, TimeUnit.MILLISECONDS);
  }

  /** What fails here is made up for by the next round. */
  private void tellSchedules() {
    try {
      schedules.look();
    } catch (RuntimeException e) {
      LOG.info("Temporal has not heard of a schedule yet: {}", e.toString());
    }
  }

  @Override
  public void start() {
    var unusedHealth =
        upkeep.scheduleWithFixedDelay(
            health::look, 0, HEALTH_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    var unusedWork = upkeep.schedule(this::work, 0, TimeUnit.MILLISECONDS);
    every(REAP_EVERY, "ended runs could not be looked through", reaper::reap);
    every(REAP_EVERY, "runs could not be looked through for stalls", stalls::look);
    every(REAP_EVERY, "servers of waiting runs stay for now", mcp::endIdle);
    every(SCHEDULES_EVERY, "schedules could not be looked through", fires::look);
    every(SCHEDULES_EVERY, "schedules wait for Temporal", schedules::look);
    every(
        SCHEDULES_EVERY,
        "fires could not be told",
        new ScheduleNotices(store.fires(), webhook)::look);
    every(ARCHIVE_EVERY, "histories wait", histories::round);
    every(ARCHIVE_ACTIVE_EVERY, "histories wait", histories::roundOfActive);
  }

  /** A round that fails is told and comes again; one that threw would be the last. */
  private void every(Duration pause, String failed, Runnable round) {
    var unused =
        upkeep.scheduleWithFixedDelay(
            () -> {
              try {
                round.run();
              } catch (RuntimeException e) {
                LOG.info("{}: {}", failed, e.toString());
              }
            },
            pause.toMillis(),
            pause.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    upkeep.shutdownNow();
    workers.shutdownNow();
    workers.awaitTermination(3, TimeUnit.SECONDS);
    temporal.shutdownNow();
    if (webhook != null) {
      webhook.close();
    }
    agents.close();
    mcp.close();
    sandbox.close();
    try {
      ledgerSocket.close();
    } catch (IOException e) {
      LOG.debug("the ledger's socket was closed already", e);
    }
    if (egress != null) {
      egress.close();
    }
    if (engineImages != null) {
      engineImages.close();
    }
  }

  private void release(String run) {
    agents.release(run);
    gates.released(run);
    mcp.release(run);
    sandbox.release(run);
  }

  // ---- work --------------------------------------------------------------------------------

  private WorkerFactory workers(
      WorkflowClient client,
      StreamHub hub,
      EgressGrants grants,
      Outgoing outgoing,
      Publishing publishing) {
    HookRunner hooks = new BoxHooks(sandbox.boxes());
    return TemporalConnection.workers(
        client,
        new LogActivityImpl(store.log(), this::release),
        new AgentModels(
            store.log(),
            store.blobs(),
            store.conversations(),
            store.runs(),
            hub,
            new ModelActivityImpl(
                store.log(),
                store.blobs(),
                store.conversations(),
                store.runs(),
                hub,
                new ModelClient(URI.create(settings.keyProxy()), MODEL_IDLE),
                tools,
                new Hooks(store.log(), store.blobs(), store.secrets(), hooks)),
            agents),
        Tools.activity(
            store.log(),
            store.blobs(),
            store.runs(),
            sandbox,
            new GrantedDoor(grants, operatorHosts),
            settings.smtpUrl().isEmpty() ? null : new Relay(URI.create(settings.smtpUrl())),
            new CallSnapshot(snapshots, store.files(), store.log()),
            Clock.systemUTC(),
            new Elsewhere(tools, store.secrets(), outgoing, hooks, agents, publishing)),
        new ScheduleActivityImpl(fires));
  }

  private static InetSocketAddress address(URI uri) {
    return new InetSocketAddress(uri.getHost(), uri.getPort());
  }

  private static Publishing publishing(Path home, OperatorConfig operator) {
    if (operator.publish().isEmpty()) {
      return Publishing.NOWHERE;
    }
    Hmac key = Hmac.ofFile(home.resolve("keys").resolve("publish.key"));
    return Publishing.of(operator.publish(), key::begun, home.resolve("run").resolve("publish"));
  }

  /** Takes over what a former life left, then polls; tried again until Temporal is there. */
  private void work() {
    try {
      reconciler.reconcile(true);
      workers.start();
      health.working();
      var unusedRecovery = upkeep.schedule(epochs::recover, 0, TimeUnit.MILLISECONDS);
      every(RECONCILE_EVERY, "reconciling waits for Temporal", this::reconcile);
      var unusedMoney =
          upkeep.scheduleWithFixedDelay(
              moneyWatch::look, 0, MONEY_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      LOG.info("Temporal is not there yet: {}", e.toString());
      var unused = upkeep.schedule(this::work, 300, TimeUnit.MILLISECONDS);
    }
  }

  private static @Nullable Webhook webhook(Path home, OperatorConfig operator, Store store) {
    if (operator.webhook() == null) {
      return null;
    }
    Hmac key = Hmac.ofFile(home.resolve("keys").resolve("webhook.key"));
    Webhook webhook = new Webhook(operator.webhook(), key, store.log(), Clock.systemUTC());
    store.onCommit(webhook);
    return webhook;
  }

  private void reconcile() {
    reconciler.reconcile(false);
    epochs.recover();
  }

  @Override
  public ImageList images() {
    return allowedImages;
  }

  @Override
  public Set<String> operatorHosts() {
    return operatorHosts;
  }

  // ---- settings ----------------------------------------------------------------------------

  private static String installation(Settings settings) {
    return Sha256.hex(settings.home().toString()).substring(0, 16);
  }

  private static URI dockerHost(Settings settings) {
    return URI.create(settings.dockerHost());
  }

  private static SandboxSettings sandboxSettings(Settings settings, OperatorConfig operator) {
    return new SandboxSettings(
        settings.home(),
        installation(settings),
        dockerHost(settings),
        settings.image(),
        Workspaces.defaultOwnerUid(),
        1,
        64,
        operator.trust());
  }

  private static Secret ledgerSecret(Path home) throws IOException {
    Path file = home.resolve("keys").resolve("ledger.secret");
    if (!Files.exists(file)) {
      throw new IOException(file + " is missing; the launcher (helm up) makes it");
    }
    return Secret.of(Files.readString(file).strip());
  }
}
