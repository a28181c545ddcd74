package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.WorkspaceFiles;

/** Containers for runs: one each, from claim to release. All calls may block for seconds. */
public interface Sandbox extends AutoCloseable {
  /** Gives the run a container with the usual limits; the same one again if it holds one. */
  default Slot claim(String run) {
    return claim(run, SandboxLimits.DEFAULT);
  }

  /**
   * Gives the run a container and moves its workspace into it. A run that holds a living container
   * keeps it (whatever the limits); one whose container is gone gets a new one.
   *
   * @throws EngineUnavailable try again later
   * @throws SandboxRefused the container was not as it must be, or all slots are taken
   * @throws NoEngine there is no engine
   */
  Slot claim(String run, SandboxLimits limits);

  /**
   * Runs a command, or attaches to it if this effect was started in the same container life.
   * Nothing runs if the run's container is not the one named in the attempt.
   */
  Execution execute(String run, EffectAttempt attempt, ToolCommand command, EffectSink sink);

  /** Ends an effect: TERM, and 2 s later everything it started. Nothing happens if it has ended. */
  void interrupt(String run, String effectKey);

  /** Removes the run's container and takes its workspace home. Safe to repeat. */
  void release(String run);

  /** Where the run stands. */
  SandboxStatus status(String run);

  /**
   * The files of the run's workspace, wherever it is now; it moves at claim and release. There is
   * no other way to them on the host, as their content and names are hostile.
   */
  WorkspaceFiles files(String run);

  /** Stops attending; running commands go on and are found again by the next start. */
  @Override
  void close();
}
