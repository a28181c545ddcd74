package dev.helm.activities.sandbox;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes containers back from runs that wait for people: after a while from each, and at once from
 * the one that waits longest when another run needs a slot and there is none. A call that waits has
 * had no effect yet, so nothing of it is lost; the run claims anew when it goes on.
 */
final class WaitingSlots {
  /** A claim may be followed by its command; a run that was just resumed is left alone. */
  private static final long SETTLED_MS = 2_000;

  private static final long LOOK_EVERY_MS = 1_000;
  private static final long FIRST_DELAY_MS = 2_000;
  private static final long LONGEST_DELAY_MS = 300_000;
  private static final System.Logger LOG = System.getLogger(WaitingSlots.class.getName());

  /** Removes the run's container and takes its workspace home, if it may still be done. */
  interface Release {
    /** False if somebody else works for this run now, or {@code still} no longer holds. */
    boolean release(String run, LiveSlot live, Still still);
  }

  /** Asked once more when nobody else can begin anything for the run. */
  interface Still {
    boolean holds();
  }

  /** A slot that could not be taken down is left alone for a while, each time for longer. */
  private record Delay(long sinceNanos, long ms) {
    boolean over() {
      return (System.nanoTime() - sinceNanos) / 1_000_000 >= ms;
    }

    static Delay after(@Nullable Delay last) {
      long ms = last == null ? FIRST_DELAY_MS : Math.min(LONGEST_DELAY_MS, 2 * last.ms());
      return new Delay(System.nanoTime(), ms);
    }
  }

  private record Candidate(String run, LiveSlot live, long waitedMs) {}

  private final WaitingRuns waiting;
  private final Map<String, LiveSlot> held;
  private final Release release;
  private final Map<LiveSlot, Delay> delays = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * @param held runs and their slots, as they are at any time
   */
  WaitingSlots(WaitingRuns waiting, Map<String, LiveSlot> held, Release release) {
    this.waiting = waiting;
    this.held = held;
    this.release = release;
  }

  void start() {
    Thread.ofVirtual().name("waiting-slots").start(this::look);
  }

  void close() {
    closed = true;
  }

  private void look() {
    try {
      while (!closed) {
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
        lookOnce();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The store may be closed or full meanwhile: the next look finds what this one did not.
  private void lookOnce() {
    try {
      takePatient();
    } catch (RuntimeException e) {
      if (!closed) {
        LOG.log(System.Logger.Level.WARNING, "waiting runs were not looked at: " + e.getMessage());
      }
    }
  }

  private void takePatient() {
    delays.keySet().retainAll(held.values());
    long patienceMs = waiting.patience().toMillis();
    for (Candidate each : waiting()) {
      if (each.waitedMs() >= patienceMs) {
        taken(each, "it waited for more than " + waiting.patience().toSeconds() + " s");
      }
    }
  }

  /** Frees one slot for a run that needs it; false if no run that holds one only waits. */
  boolean takeOne() {
    for (Candidate each : waiting()) {
      if (taken(each, "it only waited, and another run needed a container")) {
        return true;
      }
    }
    return false;
  }

  /** Those that wait, the longest first. */
  private List<Candidate> waiting() {
    List<Candidate> found = new ArrayList<>();
    held.forEach(
        (run, live) -> {
          long ms = waitsMs(run, live);
          Delay delay = delays.get(live);
          if (ms >= 0 && (delay == null || delay.over())) {
            found.add(new Candidate(run, live, ms));
          }
        });
    found.sort(Comparator.comparingLong(Candidate::waitedMs).reversed());
    return found;
  }

  // A run makes its workspace impossible to move: its slot is passed over, so that others go on.
  private boolean taken(Candidate each, String why) {
    try {
      return take(each.run(), each.live(), why);
    } catch (RuntimeException e) {
      Delay delay = Delay.after(delays.get(each.live()));
      delays.put(each.live(), delay);
      LOG.log(
          System.Logger.Level.WARNING,
          "the container of waiting run "
              + each.run()
              + " stays for "
              + delay.ms() / 1_000
              + " s more: "
              + e.getMessage(),
          e);
      return false;
    }
  }

  private boolean take(String run, LiveSlot live, String why) {
    return release.release(
        run,
        live,
        () -> {
          if (waitsMs(run, live) < 0) {
            return false;
          }
          // Recorded first: a container that is gone without a word would be a riddle.
          waiting.takenBack(run, live.id(), why);
          return true;
        });
  }

  /** How long the run has only waited, or -1 if it does not or something of it may be at work. */
  private long waitsMs(String run, @Nullable LiveSlot live) {
    if (live == null || live.busy() || live.untouchedMs() < SETTLED_MS) {
      return -1;
    }
    OptionalLong ms = waiting.waitingMs(run);
    return ms.isPresent() ? ms.getAsLong() : -1;
  }
}
