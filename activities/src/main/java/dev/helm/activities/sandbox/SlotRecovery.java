package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a starting service does with what the one before it left: containers that hold a run and
 * live are kept, with whatever runs in them; all else is removed and its workspace taken home. What
 * cannot be taken home stays recorded where it is, until its run asks for it or the next start.
 */
final class SlotRecovery {
  private static final System.Logger LOG = System.getLogger(SlotRecovery.class.getName());

  private final SandboxSettings settings;
  private final Engine engine;
  private final SlotStore store;
  private final Workspaces workspaces;
  private final SlotMaker maker;
  private final SlotWatch watch;

  SlotRecovery(
      SandboxSettings settings,
      Engine engine,
      SlotStore store,
      Workspaces workspaces,
      SlotMaker maker,
      SlotWatch watch) {
    this.settings = settings;
    this.engine = engine;
    this.store = store;
    this.workspaces = workspaces;
    this.maker = maker;
    this.watch = watch;
  }

  /**
   * Repairs and adopts. What is wrong with one slot concerns that slot alone: what a container left
   * in its box is its own doing and must not keep other runs waiting. Safe to repeat after a
   * failure in its middle, as nothing stays adopted then.
   *
   * @throws EngineUnavailable without the engine nothing can be told dead or alive
   */
  List<LiveSlot> recover() throws IOException {
    Map<String, String> containers = new TreeMap<>(engine.list(settings.installation()));
    List<LiveSlot> adopted = new ArrayList<>();
    boolean whole = false;
    try {
      for (SlotRecord kept : store.list()) {
        containers.remove(kept.containerId());
        LiveSlot live = attempt("adopting slot " + kept.slot(), () -> adopt(kept));
        if (live != null) {
          adopted.add(live);
        } else {
          attempt("taking down slot " + kept.slot(), () -> discard(kept));
        }
      }
      clear(containers);
      whole = true;
      return adopted;
    } finally {
      if (!whole) {
        adopted.forEach(SlotRecovery::letGo);
      }
    }
  }

  /** Removes containers that no record names, and then slots' directories that none does. */
  private void clear(Map<String, String> containers) throws IOException {
    Set<String> inUse = new HashSet<>();
    for (Map.Entry<String, String> unknown : containers.entrySet()) {
      // Its directory must stay as long as it may live.
      inUse.add(unknown.getValue());
      attempt(
          "removing container " + unknown.getKey() + ", which holds no run",
          () -> {
            engine.remove(unknown.getKey());
            return inUse.remove(unknown.getValue());
          });
    }
    for (String slot : workspaces.slotDirectories()) {
      if (store.get(slot) == null && !inUse.contains(slot)) {
        attempt(
            "clearing slot " + slot,
            () -> {
              workspaces.rescue(slot);
              workspaces.removeSlot(slot);
              return slot;
            });
      }
    }
  }

  private interface Step<T> {
    @Nullable T run() throws IOException;
  }

  /**
   * Does one step for one slot; null also if it failed.
   *
   * @throws EngineUnavailable the engine answers nothing at all, so that the slot is not to blame
   */
  private <T> @Nullable T attempt(String what, Step<T> step) {
    try {
      return step.run();
    } catch (IOException | RuntimeException e) {
      if (e instanceof EngineUnavailable) {
        engine.info();
      }
      LOG.log(System.Logger.Level.WARNING, what + " failed; the others go on", e);
      return null;
    }
  }

  private @Nullable LiveSlot adopt(SlotRecord kept) throws IOException {
    String run = kept.run();
    if (run == null) {
      return null;
    }
    JsonNode inspect = engine.inspect(kept.containerId());
    if (inspect == null || watch.whyDead(kept) != null) {
      return null;
    }
    LiveSlot live = new LiveSlot(kept, SandboxLimits.DEFAULT);
    boolean adopted = false;
    try {
      // A crash between the record and the rename left the workspace at home.
      workspaces.moveIn(run, kept.slot());
      maker.adopt(live);
      live.host().expectPid(inspect.at("/State/Pid").asInt());
      watch.watch(live);
      adopted = true;
      return live;
    } finally {
      if (!adopted) {
        letGo(live);
      }
    }
  }

  /** Without this its executor would stay with a host that nobody asks any more. */
  private static void letGo(LiveSlot live) {
    live.lose(new SandboxLost("it was let go while slots were taken over"));
    live.close();
  }

  /**
   * Takes down what names this run and could not be taken down before: until then a new container
   * would give the run an empty workspace.
   */
  void settle(String run) throws IOException {
    for (SlotRecord kept : store.list()) {
      if (run.equals(kept.run())) {
        discard(kept);
      }
    }
  }

  private SlotRecord discard(SlotRecord kept) throws IOException {
    engine.remove(kept.containerId());
    String run = kept.run();
    if (run != null) {
      workspaces.moveHome(run, kept.slot());
    }
    maker.remove(kept.slot(), null);
    return kept;
  }
}
