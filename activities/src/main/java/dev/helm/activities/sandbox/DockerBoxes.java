package dev.helm.activities.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The boxes of all runs: programs in runs' slots, and slots of their own that no run writes in. */
final class DockerBoxes implements Boxes, AutoCloseable {
  private static final Duration REMOVE_AGAIN = Duration.ofSeconds(10);
  private static final System.Logger LOG = System.getLogger(DockerBoxes.class.getName());

  /** What a box needs of a run's own slot. */
  interface RunSlots {
    /** Waits until containers can be made. */
    void await();

    /** Claims the run's slot and works with it; meanwhile it neither moves nor goes. */
    <T> T with(String run, RunLocks.Work<T> work) throws IOException;

    /** The slot that the run holds; only inside {@link #with}. */
    LiveSlot held(String run);

    /** The image that the run's containers are made from, null for the default one. */
    @Nullable String image(String run);

    /** Runs a command in it, and watches the workspace meanwhile. */
    Execution execute(LiveSlot live, EffectSpec spec, EffectSink sink);
  }

  private final SandboxSettings settings;
  private final Workspaces workspaces;
  private final SlotMaker maker;
  private final List<SlotDoor> doors;
  private final RunSlots runSlots;
  private final Room ownRoom = new Room(MAX_OWN_BOXES);
  private final Map<String, Integer> counts = new ConcurrentHashMap<>();
  private final Set<Opening> openings = ConcurrentHashMap.newKeySet();
  private final Set<House> houses = ConcurrentHashMap.newKeySet();
  private final Set<OpenBox> open = ConcurrentHashMap.newKeySet();
  private final Map<String, String> runs = new ConcurrentHashMap<>();
  private volatile boolean closed;

  DockerBoxes(
      SandboxSettings settings,
      Workspaces workspaces,
      SlotMaker maker,
      List<SlotDoor> doors,
      RunSlots runSlots) {
    this.settings = settings;
    this.workspaces = workspaces;
    this.maker = maker;
    this.doors = List.copyOf(doors);
    this.runSlots = runSlots;
  }

  @Override
  public Box open(BoxSpec spec) {
    runSlots.await();
    enter(spec);
    Opening opening = new Opening(spec.run());
    openings.add(opening);
    boolean whole = false;
    try {
      OpenBox box = place(spec);
      open.add(box);
      var unused = box.end().thenRun(() -> over(box));
      whole = true;
      if (closed || opening.released) {
        box.close();
        throw new SandboxLost(
            "the run gave its containers back while box " + spec.name() + " started");
      }
      return box;
    } catch (IOException e) {
      throw new UncheckedIOException("box " + spec.name() + " cannot be made in HELM_HOME", e);
    } finally {
      openings.remove(opening);
      if (!whole) {
        leave(spec.run());
      }
    }
  }

  private void enter(BoxSpec spec) {
    int now = counts.merge(spec.run(), 1, Integer::sum);
    if (now > MAX_BOXES_PER_RUN) {
      leave(spec.run());
      throw new SandboxRefused(
          "boxes", "a run can have " + MAX_BOXES_PER_RUN + " programs beside it; close one first");
    }
  }

  private void leave(String run) {
    counts.computeIfPresent(run, (id, count) -> count == 1 ? null : count - 1);
  }

  private void over(OpenBox box) {
    if (open.remove(box)) {
      leave(box.spec().run());
    }
  }

  private OpenBox place(BoxSpec spec) throws IOException {
    return switch (spec.place()) {
      case RUN -> runSlots.with(spec.run(), () -> inRun(spec));
      case OWN -> own(spec, null, null);
      case OWN_READING ->
          runSlots.with(
              spec.run(),
              () -> {
                String slot = runSlots.held(spec.run()).id();
                String image = runSlots.image(spec.run());
                return own(
                    spec.imageId() == null ? spec.withImage(image) : spec,
                    slot,
                    workspaces.box(slot));
              });
    };
  }

  private OpenBox inRun(BoxSpec spec) throws IOException {
    LiveSlot live = runSlots.held(spec.run());
    return OpenBox.start(
        spec,
        live,
        workspaces.sockets(live.id()),
        settings.ownerUid(),
        (key, command, sink) -> runSlots.execute(live, new EffectSpec(key, command, 0), sink),
        key -> live.host().kill(key, true));
  }

  private OpenBox own(BoxSpec spec, @Nullable String readsSlot, @Nullable Path reads)
      throws IOException {
    House house = house(spec, readsSlot, reads);
    boolean whole = false;
    try {
      LiveSlot live = house.live;
      OpenBox box =
          OpenBox.start(
              spec,
              live,
              workspaces.sockets(live.id()),
              settings.ownerUid(),
              (key, command, sink) ->
                  Executions.attended(
                      live.host().start(new EffectSpec(key, command, 0), sink), false),
              key -> house.remove());
      var unused = box.end().thenRun(() -> Thread.startVirtualThread(house::remove));
      whole = true;
      return box;
    } finally {
      if (!whole) {
        house.remove();
      }
    }
  }

  private House house(BoxSpec spec, @Nullable String readsSlot, @Nullable Path reads) {
    if (!ownRoom.tryEnter()) {
      throw new SandboxRefused(
          "full", "all " + MAX_OWN_BOXES + " containers for servers and hooks are at work");
    }
    House made = null;
    List<AutoCloseable> grants = new ArrayList<>();
    try {
      String image = spec.imageId() == null ? settings.imageId() : spec.imageId();
      LiveSlot live = maker.make(new SlotOrder.ForBox(image, spec.limits(), reads, spec.files()));
      made = new House(spec.run(), readsSlot, live, grants);
      houses.add(made);
      runs.put(live.id(), spec.run());
      if (!spec.egress().isEmpty()) {
        for (SlotDoor door : doors) {
          grants.add(door.grant(live.id(), OpenBox.KEYS + spec.name(), spec.egress()));
        }
      }
      live.host().secretGiven();
      return made;
    } catch (RuntimeException e) {
      if (made != null) {
        made.remove();
      } else {
        ownRoom.leave();
      }
      throw e;
    }
  }

  /** The run for which a slot is a box, or null. */
  @Nullable String runOf(String slot) {
    return runs.get(slot);
  }

  /**
   * Ends the boxes that are in a run's slot or read it; before that slot goes.
   *
   * @throws EngineUnavailable one that reads it may live on
   */
  void leaveSlot(String slot) {
    for (OpenBox box : open) {
      if (box.slot().equals(slot)) {
        box.close();
      }
    }
    for (House house : houses) {
      if (slot.equals(house.readsSlot)) {
        house.removeNow();
      }
    }
  }

  /** Ends all boxes of a run, also those that are just being opened. */
  void release(String run) {
    for (Opening opening : openings) {
      if (opening.run.equals(run)) {
        opening.released = true;
      }
    }
    for (OpenBox box : open) {
      if (box.spec().run().equals(run)) {
        box.close();
      }
    }
    for (House house : houses) {
      if (house.run.equals(run)) {
        house.remove();
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(OpenBox::close);
    houses.forEach(House::remove);
  }

  /** A box that is being opened. */
  private static final class Opening {
    private final String run;
    private volatile boolean released;

    private Opening(String run) {
      this.run = run;
    }
  }

  /** A container that holds one box. */
  private final class House {
    private final String run;
    private final @Nullable String readsSlot;
    private final LiveSlot live;
    private final List<AutoCloseable> grants;
    private boolean gone;

    private House(
        String run, @Nullable String readsSlot, LiveSlot live, List<AutoCloseable> grants) {
      this.run = run;
      this.readsSlot = readsSlot;
      this.live = live;
      this.grants = grants;
    }

    /** Removes it, now or when the engine answers again; the next start does it at the latest. */
    void remove() {
      try {
        removeNow();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "box " + live.id() + " stays for now: " + e);
        if (!closed) {
          var unused = Closer.after(REMOVE_AGAIN, this::remove);
        }
      }
    }

    synchronized void removeNow() {
      if (gone) {
        return;
      }
      for (AutoCloseable grant : grants) {
        try {
          grant.close();
        } catch (Exception e) {
          throw new IllegalStateException("a grant could not be ended", e);
        }
      }
      live.lose(new SandboxLost("the box was closed"));
      live.close();
      try {
        maker.remove(live.id(), live.kept().containerId());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      gone = true;
      houses.remove(this);
      runs.remove(live.id());
      ownRoom.leave();
    }
  }
}
