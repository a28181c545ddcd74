package dev.helm.activities.run;

import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.EffectSink;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.activities.sandbox.SandboxStatus;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The sandbox's port in memory: commands are witnessed, survive the service's death, are attached
 * to by their key, and are lost with their container.
 */
public final class BoxSandbox implements Sandbox {
  /** What commands were really begun, by effect key, in order. */
  public final List<String> begun = new ArrayList<>();

  public final List<String> interrupted = new ArrayList<>();
  public final List<ToolCommand> commands = new ArrayList<>();
  private final Map<String, Ran> effects = new HashMap<>();
  private final Crashes crashes;

  /** Where the run's files lie, if a test has some. */
  public volatile Path workspace = Path.of("/nonexistent");

  private byte[] output = "done\n".getBytes(StandardCharsets.UTF_8);
  private int piece = 3;
  private boolean endless;
  private int life = 1;

  private static final class Ran {
    final byte[] output;
    final CompletableFuture<EffectExit> exit = new CompletableFuture<>();
    boolean acknowledged;

    Ran(byte[] output) {
      this.output = output;
    }
  }

  public BoxSandbox(Crashes crashes) {
    this.crashes = crashes;
  }

  public BoxSandbox prints(byte[] bytes, int pieceBytes) {
    output = bytes.clone();
    piece = pieceBytes;
    return this;
  }

  /** Commands end only when they are interrupted. */
  public BoxSandbox endless() {
    endless = true;
    return this;
  }

  /** The container is gone, and all that ran in it. */
  public synchronized void lose() {
    life++;
    effects.clear();
  }

  /** What a claim meets: a refusal to throw, or something that happens meanwhile. */
  public volatile Runnable onClaim = () -> {};

  /** What an execution meets after the command was begun, if it has begun by then. */
  public volatile Runnable onExecute = () -> {};

  @Override
  public Slot claim(String run, SandboxLimits limits) {
    onClaim.run();
    return slot(run);
  }

  private synchronized Slot slot(String run) {
    return new Slot("0000000" + life % 10, run, "life-" + life);
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    crashes.point();
    onExecute.run();
    Ran ran;
    synchronized (this) {
      if (!attempt.life().equals("life-" + life)) {
        return execution(
            CompletableFuture.completedFuture(
                new EffectOutcome.Lost("the container is gone", attempt.attachOnly())),
            () -> {});
      }
      ran = effects.get(attempt.key());
      if (ran == null) {
        begun.add(attempt.key());
        commands.add(command);
        ran = new Ran(output);
        effects.put(attempt.key(), ran);
        if (!endless) {
          ran.exit.complete(exit(0, EffectExit.Reason.EXITED));
        }
      } else if (ran.acknowledged) {
        throw new SandboxRefused("already_ended", "it was acknowledged");
      }
    }
    crashes.point();
    long offset = attempt.offsetBytes();
    try {
      while (offset < ran.output.length) {
        int to = (int) Math.min(ran.output.length, offset + piece);
        sink.output(offset, Arrays.copyOfRange(ran.output, (int) offset, to));
        offset = to;
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    Ran ended = ran;
    return execution(
        ran.exit.thenApply(exit -> new EffectOutcome.Ended(exit, attempt.attachOnly())),
        () -> {
          crashes.point();
          ended.acknowledged = true;
          crashes.point();
        });
  }

  private EffectExit exit(int code, EffectExit.Reason reason) {
    return new EffectExit(code, reason, null, output.length, output.length, 0);
  }

  private static Execution execution(CompletableFuture<EffectOutcome> outcome, Runnable ack) {
    return new Execution() {
      @Override
      public CompletableFuture<EffectOutcome> outcome() {
        return outcome;
      }

      @Override
      public void acknowledge() {
        ack.run();
      }
    };
  }

  @Override
  public synchronized void interrupt(String run, String effectKey) {
    Ran ran = effects.get(effectKey);
    if (ran != null) {
      interrupted.add(effectKey);
      ran.exit.complete(exit(143, EffectExit.Reason.KILLED));
    }
  }

  @Override
  public void release(String run) {}

  @Override
  public synchronized SandboxStatus status(String run) {
    return new SandboxStatus(SandboxStatus.State.HELD, slot(run), true);
  }

  @Override
  public WorkspaceFiles files(String run) {
    return WorkspaceFiles.at(workspace);
  }

  @Override
  public <T> T inTree(String run, TreeWork<T> work) throws IOException {
    return work.on(workspace);
  }

  @Override
  public <T> T atHome(String run, TreeWork<T> work) throws IOException {
    return work.on(workspace);
  }

  @Override
  public void close() {}
}
