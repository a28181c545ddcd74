package dev.helm.activities.sandbox;

import java.time.Duration;
import java.util.OptionalLong;

/** Which runs only wait, so that their containers may be taken back until they go on. */
public interface WaitingRuns {
  /** Nobody ever waits. */
  WaitingRuns NONE =
      new WaitingRuns() {
        @Override
        public Duration patience() {
          return Duration.ofDays(365);
        }

        @Override
        public OptionalLong waitingMs(String run) {
          return OptionalLong.empty();
        }

        @Override
        public void takenBack(String run, String slot, String why) {}
      };

  /** How long a run may wait and keep its container, where others need none. */
  Duration patience();

  /** How long this run has done nothing but wait, in ms; empty if something of it is at work. */
  OptionalLong waitingMs(String run);

  /**
   * Records that the run's container is about to be taken back; if this throws, it is not.
   *
   * @param slot 8 hex digits
   */
  void takenBack(String run, String slot, String why);
}
