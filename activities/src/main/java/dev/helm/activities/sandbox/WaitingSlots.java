package dev.helm.activities.sandbox;

import java.util.Map;
import java.util.OptionalLong;
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

  private final WaitingRuns waiting;
  private final Map<String, LiveSlot> held;
  private final Release release;
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
        takePatient();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void takePatient() {
    long patienceMs = waiting.patience().toMillis();
    for (Map.Entry<String, LiveSlot> entry : held.entrySet()) {
      String run = entry.getKey();
      try {
        if (waitsMs(run, entry.getValue()) >= patienceMs) {
          take(
              run,
              entry.getValue(),
              "it waited for more than " + waiting.patience().toSeconds() + " s");
        }
      } catch (RuntimeException e) {
        LOG.log(
            System.Logger.Level.INFO,
            "the container of waiting run " + run + " stays for now: " + e.getMessage());
      }
    }
  }

  /** Frees one slot for a run that needs it; false if no run that holds one only waits. */
  boolean takeOne() {
    String longest = null;
    LiveSlot its = null;
    long longestMs = -1;
    for (Map.Entry<String, LiveSlot> entry : held.entrySet()) {
      long ms = waitsMs(entry.getKey(), entry.getValue());
      if (ms > longestMs) {
        longest = entry.getKey();
        its = entry.getValue();
        longestMs = ms;
      }
    }
    return longest != null
        && its != null
        && take(longest, its, "it only waited, and another run needed a container");
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
