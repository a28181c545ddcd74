package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.IOException;
import java.nio.file.Path;

/** Containers for runs: one each, from claim to release. All calls may block for seconds. */
public interface Sandbox extends AutoCloseable {
  /**
   * Gives the run the container that its blueprint wishes for; the same one again if it holds one.
   */
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

  /** Programs beside runs, to talk to. */
  default Boxes boxes() {
    return spec -> {
      throw new NoEngine();
    };
  }

  /** Work on a tree of the host that a hostile container may be changing. */
  @FunctionalInterface
  interface TreeWork<T> {
    /** Works with no-follow handles only: content and names are hostile. */
    T on(Path tree) throws IOException;
  }

  /**
   * For snapshots: works on the run's workspace where it lies; meanwhile it does not move.
   *
   * @throws EngineUnavailable it is not known yet where it lies
   */
  <T> T inTree(String run, TreeWork<T> work) throws IOException;

  /**
   * For rollbacks: removes the run's container, takes its workspace home, and works there before
   * any container can have it again.
   *
   * @throws EngineUnavailable the container cannot be removed now
   * @throws NoEngine there is no engine, so a container could hold it without our knowing
   */
  <T> T atHome(String run, TreeWork<T> work) throws IOException;

  /** Stops attending; running commands go on and are found again by the next start. */
  @Override
  void close();
}
