package dev.helm.activities.run;

/** What has to be freed when a run has ended. */
public interface RunEnding {
  /** Frees the run's container and takes its workspace home. Safe to repeat. */
  void release(String run);
}
