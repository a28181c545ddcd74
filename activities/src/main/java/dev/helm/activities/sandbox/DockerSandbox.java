package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Containers made by a Docker engine. docs/sandbox.md tells how. */
public final class DockerSandbox implements Sandbox {
  private static final Duration RECOVERY = Duration.ofSeconds(15);
  private static final int TAKE_TRIES = 3;
  private static final Duration SOFT_KILL = Duration.ofSeconds(2);
  private static final System.Logger LOG = System.getLogger(DockerSandbox.class.getName());

  private final Engine engine;
  private final SlotStore store;
  private final Workspaces workspaces;
  private final SlotMaker maker;
  private final SlotWatch watch;
  private final UsageWatch usage;
  private final SlotRecovery recovery;
  private final SlotPool pool;
  private final Room room;
  private final DockerBoxes boxes;
  private final ContainerWish.Source wishes;
  private final Map<String, LiveSlot> held = new ConcurrentHashMap<>();
  private final WaitingSlots waitingSlots;
  private final RunLocks runs = new RunLocks();
  private final CompletableFuture<Void> recovered = new CompletableFuture<>();
  private volatile @Nullable String unsupported;
  private volatile boolean closed;

  private DockerSandbox(
      SandboxSettings settings,
      Engine engine,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      AgentContainers agents,
      WaitingRuns waiting) {
    this.engine = engine;
    this.wishes = agents.wishes();
    this.store = store;
    this.workspaces = workspaces;
    this.watch = new SlotWatch(engine);
    this.usage = new UsageWatch(workspaces);
    AgentDoors agentDoors = new AgentDoors(agents.doors(), this::runOf);
    this.maker = new SlotMaker(settings, engine, store, workspaces, doors, agentDoors, watch);
    this.recovery = new SlotRecovery(settings, engine, store, workspaces, maker, watch);
    this.pool = new SlotPool(settings.pool(), () -> maker.make(SandboxLimits.DEFAULT));
    this.room = new Room(settings.maxSlots() - settings.pool());
    this.boxes = new DockerBoxes(settings, workspaces, maker, doors, new HeldSlots());
    this.waitingSlots = new WaitingSlots(waiting, held, this::releaseWaiting);
  }

  /** Same, and a run keeps its container however long it waits. */
  public static DockerSandbox start(
      SandboxSettings settings, SlotStore store, Workspaces workspaces, List<SlotDoor> doors) {
    return start(settings, store, workspaces, doors, WaitingRuns.NONE);
  }

  /**
   * Starts in the background: takes over what an earlier process left, then fills the pool. Calls
   * wait for the takeover a while, then fail with {@link EngineUnavailable}.
   *
   * @param doors what else listens in each slot's socket directory
   * @param agents what runs' containers are, and what listens in those of foreign agents
   * @param waiting whose containers may be taken back
   */
  public static DockerSandbox start(
      SandboxSettings settings,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      AgentContainers agents,
      WaitingRuns waiting) {
    Engine engine = new Engine(settings.engine());
    return start(settings, engine, store, workspaces, doors, agents, waiting);
  }

  /** Same, for Helm's own loop and the default image only. */
  public static DockerSandbox start(
      SandboxSettings settings,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      WaitingRuns waiting) {
    return start(settings, store, workspaces, doors, AgentContainers.NONE, waiting);
  }

  /** With an engine of the tests'. */
  static DockerSandbox start(
      SandboxSettings settings,
      Engine engine,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      WaitingRuns waiting) {
    return start(settings, engine, store, workspaces, doors, AgentContainers.NONE, waiting);
  }

  private static DockerSandbox start(
      SandboxSettings settings,
      Engine engine,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      AgentContainers agents,
      WaitingRuns waiting) {
    DockerSandbox sandbox =
        new DockerSandbox(settings, engine, store, workspaces, doors, agents, waiting);
    Thread.ofVirtual().name("slot-recovery").start(sandbox::recover);
    return sandbox;
  }

  private void recover() {
    while (!closed) {
      try {
        String whyNot = EngineSupport.whyNot(engine.info());
        unsupported = whyNot;
        if (whyNot == null) {
          recovery.recover().forEach(this::hold);
          pool.start();
          waitingSlots.start();
        }
        recovered.complete(null);
        return;
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "slots cannot be taken over yet: " + e);
        engine.renegotiate();
        pause();
      }
    }
  }

  private void hold(LiveSlot live) {
    String run = live.kept().run();
    if (run != null) {
      held.put(run, live);
      room.enter();
    }
    if (closed) {
      live.close();
    }
  }

  private static void pause() {
    try {
      TimeUnit.SECONDS.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Slot claim(String run) {
    return claimAs(run, () -> wishes.of(run));
  }

  @Override
  public Slot claim(String run, SandboxLimits limits) {
    return claimAs(run, () -> wishes.of(run).with(limits));
  }

  private Slot claimAs(String run, Supplier<ContainerWish> wish) {
    Ids.run(run);
    awaitRecovered();
    if (unsupported != null) {
      throw new SandboxRefused("engine", unsupported);
    }
    return exclusively(
        run,
        () -> {
          LiveSlot mine = held.get(run);
          if (mine != null && isAlive(mine)) {
            mine.touch();
            return mine.of(run);
          }
          if (mine != null) {
            takeDown(run, mine);
          }
          return give(run, wish.get());
        });
  }

  private boolean isAlive(LiveSlot live) {
    if (live.lost() != null) {
      return false;
    }
    if (live.host().connected()) {
      return true;
    }
    String dead = watch.whyDead(live.kept());
    if (dead != null) {
      live.lose(new SandboxLost(dead));
    }
    return dead == null;
  }

  private Slot give(String run, ContainerWish wish) throws IOException {
    recovery.settle(run);
    enter();
    boolean given = false;
    LiveSlot live = null;
    try {
      live = fromPool(wish);
      if (live == null) {
        live = maker.make(wish);
      }
      // The record comes first: a crash before the rename is repaired by moving in again.
      live.keep(live.kept().withRun(run));
      store.put(live.kept());
      live.host().secretGiven();
      workspaces.moveIn(run, live.id());
      live.touch();
      held.put(run, live);
      given = true;
      return live.of(run);
    } finally {
      if (!given) {
        room.leave();
        if (live != null) {
          discard(run, live);
        }
      }
    }
  }

  /** A run that only waits for people keeps no other one from its work. */
  private void enter() {
    for (int tries = 0; !room.tryEnter(); tries++) {
      if (tries == TAKE_TRIES || !waitingSlots.takeOne()) {
        throw new SandboxRefused(
            "full", "all containers are at work; the run goes on when one of them is free");
      }
    }
  }

  private boolean releaseWaiting(String run, LiveSlot live, WaitingSlots.Still still) {
    try {
      return runs.ifFree(
          run,
          () -> {
            if (held.get(run) != live || !still.holds()) {
              return false;
            }
            takeDown(run, live);
            return true;
          });
    } catch (IOException e) {
      throw new UncheckedIOException("the workspace of run " + run + " cannot be moved", e);
    }
  }

  private @Nullable LiveSlot fromPool(ContainerWish wish) throws IOException {
    if (!wish.equals(ContainerWish.DEFAULT)) {
      return null;
    }
    for (LiveSlot live = pool.take(); live != null; live = pool.take()) {
      if (live.lost() == null && live.host().connected()) {
        return live;
      }
      live.lose(new SandboxLost("it was lost before a run came"));
      live.close();
      maker.remove(live.id(), live.kept().containerId());
    }
    return null;
  }

  private void discard(String run, LiveSlot live) {
    try {
      removeSlot(run, live);
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "slot " + live.id() + " is left for the next start", e);
    }
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    awaitRecovered();
    EffectSpec spec = new EffectSpec(attempt.key(), command, attempt.offsetBytes());
    LiveSlot live = held.get(run);
    if (live == null || !live.kept().life().equals(attempt.life())) {
      return Executions.lost("the container in which it was to run is gone", attempt.attachOnly());
    }
    live.touch();
    boolean known = live.host().knows(attempt.key());
    Execution refused = known || attempt.attachOnly() ? null : usage.refused(live, command, sink);
    if (refused != null) {
      return refused;
    }
    return usage.attend(
        Executions.attended(live.host().start(spec, sink), attempt.attachOnly() || known),
        live,
        attempt.key());
  }

  @Override
  public void interrupt(String run, String effectKey) {
    LiveSlot live = held.get(run);
    if (live != null) {
      live.host().kill(effectKey, false);
      Closer.after(SOFT_KILL, () -> live.host().kill(effectKey, true));
    }
  }

  @Override
  public void release(String run) {
    Ids.run(run);
    awaitRecovered();
    boxes.release(run);
    exclusively(
        run,
        () -> {
          LiveSlot live = held.get(run);
          if (live != null) {
            takeDown(run, live);
          } else {
            recovery.settle(run);
          }
          return run;
        });
  }

  @Override
  public <T> T inTree(String run, TreeWork<T> work) throws IOException {
    awaitRecovered();
    return runs.exclusively(
        run,
        () -> {
          LiveSlot live = held.get(run);
          if (live != null) {
            return work.on(workspaces.inSlot(live.id()));
          }
          recovery.settle(run);
          return work.on(workspaces.create(run));
        });
  }

  @Override
  public <T> T atHome(String run, TreeWork<T> work) throws IOException {
    awaitRecovered();
    return runs.exclusively(
        run,
        () -> {
          LiveSlot live = held.get(run);
          if (live != null) {
            takeDown(run, live);
          } else {
            recovery.settle(run);
          }
          return work.on(workspaces.create(run));
        });
  }

  private void takeDown(String run, LiveSlot live) throws IOException {
    boxes.leaveSlot(live.id());
    removeSlot(run, live);
    if (held.remove(run, live)) {
      room.leave();
    }
  }

  /**
   * The order matters: the container dies first, then the workspace moves, then it is forgotten.
   */
  private void removeSlot(String run, LiveSlot live) throws IOException {
    engine.remove(live.kept().containerId());
    live.lose(new SandboxLost("the run gave its container back"));
    live.close();
    workspaces.moveHome(run, live.id());
    maker.remove(live.id(), null);
  }

  @Override
  public SandboxStatus status(String run) {
    LiveSlot live = held.get(run);
    if (live == null) {
      return new SandboxStatus(SandboxStatus.State.NONE, null, false);
    }
    return new SandboxStatus(
        live.lost() == null ? SandboxStatus.State.HELD : SandboxStatus.State.LOST,
        live.of(run),
        live.host().connected());
  }

  @Override
  public WorkspaceFiles files(String run) {
    LiveSlot live = held.get(run);
    // A slot is held until its last traces are gone; its workspace has left it before.
    boolean there = live != null && Workspaces.isDirectory(workspaces.inSlot(live.id()));
    return live != null && there ? workspaces.filesInSlot(live.id()) : workspaces.filesAtHome(run);
  }

  @Override
  public Boxes boxes() {
    return boxes;
  }

  /** What a box in or beside a run's slot needs. */
  private final class HeldSlots implements DockerBoxes.RunSlots {
    @Override
    public void await() {
      awaitRecovered();
      String whyNot = unsupported;
      if (whyNot != null) {
        throw new SandboxRefused("engine", whyNot);
      }
    }

    @Override
    public <T> T with(String run, RunLocks.Work<T> work) throws IOException {
      return runs.exclusively(
          run,
          () -> {
            claim(run);
            return work.run();
          });
    }

    @Override
    public LiveSlot held(String run) {
      LiveSlot live = held.get(run);
      if (live == null) {
        throw new SandboxLost("run " + run + " holds no container");
      }
      return live;
    }

    @Override
    public @Nullable String image(String run) {
      return wishes.of(run).imageId();
    }

    @Override
    public Execution execute(LiveSlot live, EffectSpec spec, EffectSink sink) {
      return usage.attend(
          Executions.attended(live.host().start(spec, sink), false), live, spec.key());
    }
  }

  /** The run that holds a slot, or for which it is a box; or null. */
  public @Nullable String runOf(String slot) {
    String boxed = boxes.runOf(slot);
    if (boxed != null) {
      return boxed;
    }
    SlotRecord kept = store.get(slot);
    return kept == null ? null : kept.run();
  }

  /** Why this engine's containers are not used, in words for people; null if they are. */
  public @Nullable String unsupported() {
    return unsupported;
  }

  /** Ready slots that wait. */
  public int waiting() {
    return pool.waiting();
  }

  boolean awaitPool(long waitMs) throws InterruptedException {
    return pool.awaitFull(waitMs);
  }

  @Override
  public void close() {
    closed = true;
    watch.close();
    usage.close();
    waitingSlots.close();
    boxes.close();
    for (LiveSlot live : pool.close()) {
      live.close();
      try {
        maker.remove(live.id(), live.kept().containerId());
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.INFO, "slot " + live.id() + " is left for the next start");
      }
    }
    held.values().forEach(LiveSlot::close);
    engine.close();
  }

  private void awaitRecovered() {
    try {
      recovered.get(RECOVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new EngineUnavailable(
          "the container engine has not answered since Helm started; `helm doctor` looks at it", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while waiting for the container engine", e);
    } catch (ExecutionException e) {
      throw new EngineUnavailable("slots could not be taken over", e);
    }
  }

  private <T> T exclusively(String run, RunLocks.Work<T> work) {
    try {
      return runs.exclusively(run, work);
    } catch (IOException e) {
      throw new UncheckedIOException("the workspace of run " + run + " cannot be moved", e);
    }
  }
}
