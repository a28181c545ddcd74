package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.IOException;

/** Stands where there is no container engine: refuses everything that would run a tool. */
public final class NoSandbox implements Sandbox {
  private final Workspaces workspaces;

  /** Knows only where workspaces lie. */
  public NoSandbox(Workspaces workspaces) {
    this.workspaces = workspaces;
  }

  @Override
  public Slot claim(String run, SandboxLimits limits) {
    throw new NoEngine();
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    throw new NoEngine();
  }

  @Override
  public void interrupt(String run, String effectKey) {
    throw new NoEngine();
  }

  @Override
  public void release(String run) {}

  @Override
  public SandboxStatus status(String run) {
    return new SandboxStatus(SandboxStatus.State.NONE, null, false);
  }

  @Override
  public WorkspaceFiles files(String run) {
    return workspaces.filesAtHome(run);
  }

  @Override
  public <T> T inTree(String run, TreeWork<T> work) throws IOException {
    if (!Workspaces.isDirectory(workspaces.home(run))) {
      throw new NoEngine();
    }
    return work.on(workspaces.home(run));
  }

  @Override
  public <T> T atHome(String run, TreeWork<T> work) {
    throw new NoEngine();
  }

  @Override
  public void close() {}
}
