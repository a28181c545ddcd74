package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a starting service does with what the one before it left: containers that hold a run and
 * live are kept, with whatever runs in them; all else is removed and its workspace taken home.
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
   * Repairs and adopts. Safe to repeat after a failure in its middle.
   *
   * @throws EngineUnavailable without the engine nothing can be told dead or alive
   */
  List<LiveSlot> recover() throws IOException {
    Map<String, String> containers = new TreeMap<>(engine.list(settings.installation()));
    List<LiveSlot> adopted = new ArrayList<>();
    for (SlotRecord kept : store.list()) {
      containers.remove(kept.containerId());
      LiveSlot live = kept.run() == null ? null : adopt(kept);
      if (live == null) {
        discard(kept);
      } else {
        adopted.add(live);
      }
    }
    for (String unknown : containers.keySet()) {
      LOG.log(System.Logger.Level.INFO, "removing container " + unknown + ", which holds no run");
      engine.remove(unknown);
    }
    for (String slot : workspaces.slotDirectories()) {
      if (store.get(slot) == null) {
        workspaces.rescue(slot);
        workspaces.removeSlot(slot);
      }
    }
    return adopted;
  }

  private @Nullable LiveSlot adopt(SlotRecord kept) throws IOException {
    JsonNode inspect = engine.inspect(kept.containerId());
    String run = kept.run();
    if (inspect == null || run == null || watch.whyDead(kept) != null) {
      return null;
    }
    LiveSlot live = new LiveSlot(kept, SandboxLimits.DEFAULT);
    // A crash between the record and the rename left the workspace at home.
    workspaces.moveIn(run, kept.slot());
    maker.attend(live, true);
    live.host().expectPid(inspect.at("/State/Pid").asInt());
    watch.watch(live);
    return live;
  }

  private void discard(SlotRecord kept) throws IOException {
    engine.remove(kept.containerId());
    String run = kept.run();
    if (run != null) {
      workspaces.moveHome(run, kept.slot());
    }
    maker.remove(kept.slot(), null);
  }
}
