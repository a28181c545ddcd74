package dev.helm.service.files;

import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectSink;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.SandboxStatus;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Workspaces in plain directories, without containers. */
public final class PlainSandbox implements Sandbox {
  private final Path home;

  public PlainSandbox(Path home) {
    this.home = home;
  }

  public Path workspace(String run) {
    try {
      return Files.createDirectories(home.resolve("workspaces").resolve(run));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public <T> T inTree(String run, TreeWork<T> work) throws IOException {
    return work.on(workspace(run));
  }

  @Override
  public <T> T atHome(String run, TreeWork<T> work) throws IOException {
    return work.on(workspace(run));
  }

  @Override
  public WorkspaceFiles files(String run) {
    return WorkspaceFiles.at(workspace(run));
  }

  @Override
  public Slot claim(String run, SandboxLimits limits) {
    throw new UnsupportedOperationException("no containers");
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    throw new UnsupportedOperationException("no containers");
  }

  @Override
  public void interrupt(String run, String effectKey) {}

  @Override
  public void release(String run) {}

  @Override
  public SandboxStatus status(String run) {
    return new SandboxStatus(SandboxStatus.State.NONE, null, false);
  }

  @Override
  public void close() {}
}
