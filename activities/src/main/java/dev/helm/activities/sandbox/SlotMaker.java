package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Makes slots and takes them down again. */
final class SlotMaker {
  private static final Duration EXECUTOR_DIALS = Duration.ofSeconds(20);
  private static final System.Logger LOG = System.getLogger(SlotMaker.class.getName());

  private final SandboxSettings settings;
  private final Engine engine;
  private final SlotStore store;
  private final Workspaces workspaces;
  private final List<SlotDoor> doors;
  private final AgentDoors agentDoors;
  private final SlotWatch watch;
  private volatile @Nullable Boolean swapBounded;

  SlotMaker(
      SandboxSettings settings,
      Engine engine,
      SlotStore store,
      Workspaces workspaces,
      List<SlotDoor> doors,
      AgentDoors agentDoors,
      SlotWatch watch) {
    this.settings = settings;
    this.engine = engine;
    this.store = store;
    this.workspaces = workspaces;
    this.doors = doors;
    this.agentDoors = agentDoors;
    this.watch = watch;
  }

  /** A run's slot with the default image. */
  LiveSlot make(SandboxLimits limits) {
    return make(new SlotOrder.ForRun(settings.imageId(), limits, false));
  }

  /** A run's slot as it is wished for. */
  LiveSlot make(ContainerWish wish) {
    String image = wish.imageId() == null ? settings.imageId() : wish.imageId();
    return make(new SlotOrder.ForRun(image, wish.limits(), wish.foreignAgent()));
  }

  /** A new slot whose executor answers; on any failure nothing of it is left. */
  LiveSlot make(SlotOrder order) {
    if (!engine.hasImage(order.imageId())) {
      throw new SandboxRefused(
          "image",
          "the engine has no image "
              + order.imageId()
              + "; `helm up` builds the sandbox image again");
    }
    checkCpus(order.limits());
    String slot = Ids.newSlot();
    LiveSlot live = null;
    String container = null;
    try {
      ContainerPlan plan = prepare(slot, order);
      container = engine.create(plan);
      check(ContainerChecklist.check(found(engine.inspect(container)), plan));
      live = start(plan, container, order instanceof SlotOrder.ForRun run && run.agentDoors());
      return live;
    } catch (IOException e) {
      undo(slot, container, live);
      throw new UncheckedIOException("slot cannot be made in HELM_HOME", e);
    } catch (RuntimeException e) {
      undo(slot, container, live);
      throw e instanceof com.github.dockerjava.api.exception.DockerException refusal
          ? new SandboxRefused("engine", "the container engine refused: " + refusal.getMessage(), e)
          : e;
    }
  }

  private ContainerPlan prepare(String slot, SlotOrder order) throws IOException {
    byte[] trust = TrustBundle.assemble(settings.extraCertificates());
    return switch (order) {
      case SlotOrder.ForRun run -> {
        workspaces.makeSlot(slot, trust);
        yield plan(slot, run, workspaces.box(slot), true);
      }
      case SlotOrder.ForBox box -> {
        workspaces.makeBox(slot, trust, box.files());
        Path reads = box.reads();
        yield plan(slot, box, reads == null ? workspaces.box(slot) : reads, false);
      }
    };
  }

  /** The engine would refuse too, in words that do not say what the machine has. */
  private void checkCpus(SandboxLimits limits) {
    if (limits.milliCpus() <= 1000) {
      return;
    }
    int cpus = engine.info().path("NCPU").asInt();
    if (cpus > 0 && limits.milliCpus() > cpus * 1000L) {
      throw new SandboxRefused(
          "cpus",
          "a container with "
              + limits.milliCpus()
              + " thousandths of a CPU was asked for, and this machine has "
              + cpus
              + " CPUs; ask for at most "
              + cpus * 1000L);
    }
  }

  private LiveSlot start(ContainerPlan plan, String container, boolean agent) throws IOException {
    // The host listens before the container runs, so that the executor's first dial succeeds.
    String secret = Ids.newSecret();
    LiveSlot live =
        new LiveSlot(new SlotRecord(plan.slot(), null, container, "", secret), plan.limits());
    boolean ready = false;
    try {
      attend(live, false, agent);
      engine.start(container);
      JsonNode inspect = found(engine.inspect(container));
      live.keep(
          new SlotRecord(
              plan.slot(), null, container, inspect.at("/State/StartedAt").asText(), secret));
      store.put(live.kept());
      live.host().expectPid(inspect.at("/State/Pid").asInt());
      awaitExecutor(live, inspect);
      check(ProcessChecklist.check(Path.of("/"), inspect.at("/State/Pid").asInt(), plan));
      check(InsideChecklist.check(look(live, plan.boxWritable()), InsideChecklist.ownNamespaces()));
      ready = true;
      return live;
    } finally {
      if (!ready) {
        live.close();
      }
    }
  }

  private void awaitExecutor(LiveSlot live, JsonNode inspect) {
    try {
      if (!live.host().awaitConnected(EXECUTOR_DIALS)) {
        JsonNode now = engine.inspect(live.kept().containerId());
        throw new SandboxRefused(
            "no_executor",
            "the container's executor did not report within "
                + EXECUTOR_DIALS.toSeconds()
                + " s; the container is "
                + (now == null ? inspect : now).at("/State/Status").asText("gone")
                + ", exit code "
                + (now == null ? inspect : now).at("/State/ExitCode").asText("unknown")
                + ". Is "
                + SandboxSettings.EXECUTOR
                + " in the image?");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while a container started", e);
    }
  }

  /** Listens on a slot's sockets, for a container that an earlier process made. */
  void adopt(LiveSlot live) throws IOException {
    attend(live, true, agentDoors.wereOpen(workspaces.sockets(live.id())));
  }

  private void attend(LiveSlot live, boolean commandsMayHaveRun, boolean agent) throws IOException {
    Path sockets = workspaces.sockets(live.id());
    if (agent) {
      agentDoors.open(live.id(), sockets, settings.ownerUid()).forEach(live::add);
    }
    for (SlotDoor door : doors) {
      live.add(door.open(live.id(), sockets, settings.ownerUid()));
    }
    live.host(
        ExecutorHost.open(
            sockets.resolve("x.sock"),
            settings.ownerUid(),
            live.kept().secret(),
            commandsMayHaveRun,
            watch.of(live)));
  }

  /** What the executor sees, while nothing foreign has run in its container. */
  private static byte[] look(LiveSlot live, boolean boxWritable) {
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    EffectHandle handle =
        live.host()
            .start(
                new EffectSpec(InsideChecklist.KEY, InsideChecklist.question(boxWritable), 0),
                (offset, data) -> seen.writeBytes(data));
    try {
      handle.exit().get(EXECUTOR_DIALS.toMillis(), TimeUnit.MILLISECONDS);
      handle.acknowledge();
      return seen.toByteArray();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while a container was looked at", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new SandboxRefused(
          "checklist", "the new container's executor could not look at it: " + e.getMessage(), e);
    }
  }

  private ContainerPlan plan(String slot, SlotOrder order, Path box, boolean boxWritable) {
    return new ContainerPlan(
        order.imageId(),
        settings.installation(),
        slot,
        settings.ownerUid(),
        box,
        workspaces.sockets(slot),
        order.limits(),
        swapBounded(),
        boxWritable);
  }

  /**
   * Removes a slot's container and directories. The workspace must have been taken home.
   *
   * @throws EngineUnavailable the container may live still; nothing else was removed
   */
  void remove(String slot, @Nullable String container) throws IOException {
    if (container != null) {
      engine.remove(container);
    }
    workspaces.removeSlot(slot);
    store.delete(slot);
  }

  private void undo(String slot, @Nullable String container, @Nullable LiveSlot live) {
    if (live != null) {
      live.close();
    }
    try {
      remove(slot, container);
    } catch (IOException | RuntimeException e) {
      LOG.log(
          System.Logger.Level.WARNING, "slot " + slot + " is left for the next start to remove", e);
    }
  }

  private boolean swapBounded() {
    Boolean known = swapBounded;
    if (known == null) {
      known = engine.info().path("SwapLimit").asBoolean(true);
      if (!known && !hostHasNoSwap()) {
        throw new SandboxRefused(
            "swap",
            "the kernel cannot bound a container's swap and this machine has some; turn swap off"
                + " (swapoff -a) or boot with swapaccount=1");
      }
      swapBounded = known;
    }
    return known;
  }

  private static boolean hostHasNoSwap() {
    try {
      return java.nio.file.Files.readAllLines(Path.of("/proc/swaps")).size() <= 1;
    } catch (IOException e) {
      return false;
    }
  }

  private static JsonNode found(@Nullable JsonNode inspect) {
    if (inspect == null) {
      throw new SandboxLost("a container went away while it was being made");
    }
    return inspect;
  }

  private static void check(List<Finding> findings) {
    if (!findings.isEmpty()) {
      throw new SandboxRefused(
          "checklist", "the engine made a container that is not as it must be: " + findings);
    }
  }
}
