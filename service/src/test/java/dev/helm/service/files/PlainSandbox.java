package dev.helm.service.files;

import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Workspaces in plain directories; commands run there as processes of the test. */
public final class PlainSandbox implements Sandbox {
  private final Path home;
  private final Map<String, Process> processes = new ConcurrentHashMap<>();

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
    return new Slot("00000001", run, "life-1");
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    CompletableFuture<EffectOutcome> outcome = new CompletableFuture<>();
    try {
      Process process =
          new ProcessBuilder(command.argv())
              .directory(workspace(run).toFile())
              .redirectErrorStream(true)
              .start();
      processes.put(attempt.key(), process);
      process.onExit().thenAccept(ended -> outcome.complete(ended(ended, sink)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Execution() {
      @Override
      public CompletableFuture<EffectOutcome> outcome() {
        return outcome;
      }

      @Override
      public void acknowledge() {}
    };
  }

  private static EffectOutcome ended(Process process, EffectSink sink) {
    try {
      byte[] output = process.getInputStream().readAllBytes();
      if (output.length > 0) {
        sink.output(0, output);
      }
      EffectExit.Reason reason =
          process.exitValue() > 128 ? EffectExit.Reason.KILLED : EffectExit.Reason.EXITED;
      return new EffectOutcome.Ended(
          new EffectExit(process.exitValue(), reason, null, output.length, output.length, 0),
          false);
    } catch (Exception e) {
      return new EffectOutcome.Lost(e.toString(), true);
    }
  }

  @Override
  public void interrupt(String run, String effectKey) {
    Process process = processes.get(effectKey);
    if (process != null) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.toHandle().destroyForcibly();
    }
  }

  @Override
  public void release(String run) {}

  @Override
  public SandboxStatus status(String run) {
    return new SandboxStatus(SandboxStatus.State.NONE, null, false);
  }

  @Override
  public void close() {}
}
