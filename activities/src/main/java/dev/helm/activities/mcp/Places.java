package dev.helm.activities.mcp;

import dev.helm.activities.sandbox.Boxes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How many programs of servers run at a time. One run's cannot take the containers of all: where
 * there is no place, a program that nobody uses is ended, which the next call starts again; where
 * all are in use, it is waited for one.
 */
final class Places {
  /** Programs of servers of one run. */
  static final int OF_RUN_MAX = 8;

  /** Programs of servers of all runs; what is left of all boxes is for hooks and agents. */
  static final int ALL_MAX = Boxes.MAX_OWN_BOXES - 16;

  /** Whoever has just used a program may be about to use it again. */
  static final long SETTLED_MS = 1_000;

  private static final long LOOK_EVERY_MS = 100;

  private final List<Place> places = new ArrayList<>();
  private final Function<String, OptionalLong> waitingMs;
  private final int ofRunMax;
  private final int allMax;
  private final long waitMs;

  /** One program, running or being started. */
  static final class Place {
    private final String run;
    private volatile @Nullable Connection connection;

    private Place(String run) {
      this.run = run;
    }

    /** What runs here; the place is free again when it has ended. */
    void holds(Connection started) {
      connection = started;
    }

    private boolean over() {
      Connection here = connection;
      return here != null && !here.alive();
    }

    private long idleMs() {
      Connection here = connection;
      return here == null ? -1 : here.idleMs();
    }

    private boolean retire() {
      Connection here = connection;
      return here != null && here.retire(SETTLED_MS);
    }
  }

  /**
   * @param waitingMs how long a run has only waited for people; empty if it works
   */
  Places(Function<String, OptionalLong> waitingMs) {
    this(waitingMs, OF_RUN_MAX, ALL_MAX, Limits.ANSWER_MS);
  }

  Places(Function<String, OptionalLong> waitingMs, int ofRunMax, int allMax, long waitMs) {
    this.waitingMs = waitingMs;
    this.ofRunMax = ofRunMax;
    this.allMax = allMax;
    this.waitMs = waitMs;
  }

  /**
   * A place for a program of this run.
   *
   * @throws Fault with what to do, when none becomes free
   */
  Place enter(String run) {
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    while (true) {
      boolean own;
      synchronized (this) {
        places.removeIf(Place::over);
        own = of(run) >= ofRunMax;
        if (!own && places.size() < allMax) {
          Place place = new Place(run);
          places.add(place);
          return place;
        }
      }
      if (!takeOne(own ? run : null)) {
        if (System.nanoTime() - endNs > 0) {
          throw new Fault(
              Fault.Kind.NOT_SENT,
              own
                  ? "this run has " + ofRunMax + " servers at work already; wait for their calls"
                  : "the servers of other runs have all " + allMax + " places; try again later");
        }
        pause();
      }
    }
  }

  /** It was not started after all. */
  synchronized void leave(Place place) {
    places.remove(place);
  }

  private long of(String run) {
    return places.stream().filter(place -> place.run.equals(run)).count();
  }

  private record Idle(Place place, boolean works, long ofRun, long idleMs) {}

  /** Ends one of a run that waits, else one of the run that has most; the longest idle. */
  private boolean takeOne(@Nullable String ofRun) {
    return idle(ofRun).stream()
        .sorted(
            Comparator.comparing(Idle::works)
                .thenComparing(Idle::ofRun, Comparator.reverseOrder())
                .thenComparing(Idle::idleMs, Comparator.reverseOrder()))
        .anyMatch(each -> each.place().retire());
  }

  private synchronized List<Idle> idle(@Nullable String ofRun) {
    return places.stream()
        .filter(place -> ofRun == null || place.run.equals(ofRun))
        .filter(place -> place.idleMs() >= SETTLED_MS)
        .map(
            place ->
                new Idle(
                    place, waitingMs.apply(place.run).isEmpty(), of(place.run), place.idleMs()))
        .toList();
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Fault(Fault.Kind.NOT_SENT, "the service ends", e);
    }
  }
}
