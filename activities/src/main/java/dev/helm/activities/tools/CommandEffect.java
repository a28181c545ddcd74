package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.EgressGrant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;

/** A tool that is a command in the run's container. */
final class CommandEffect implements Effect {
  private final RunLog log;
  private final Blobs blobs;
  private final Sandbox sandbox;
  private final EgressDoor door;
  private final Secrets secrets;
  private final CommandTool tool;

  CommandEffect(
      RunLog log,
      Blobs blobs,
      Sandbox sandbox,
      EgressDoor door,
      Secrets secrets,
      CommandTool tool) {
    this.log = log;
    this.blobs = blobs;
    this.sandbox = sandbox;
    this.door = door;
    this.secrets = secrets;
    this.tool = tool;
  }

  @Override
  public String prepare(CallContext context) {
    Blueprint.Sandbox limits = context.info().blueprint().sandbox();
    Slot slot =
        sandbox.claim(
            context.run(),
            new SandboxLimits(limits.memoryBytes(), limits.milliCpus(), limits.pids()));
    return HelmJson.write(Map.of("slot", slot.id(), "life", slot.life()));
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    return execute(context, attempt, prepared, heart, false);
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    return execute(context, attempt, prepared, heart, true);
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    sandbox.interrupt(context.run(), context.effectKey(attempt));
  }

  @Override
  public boolean repeatable() {
    return tool.repeatable();
  }

  @Override
  public Touch touch() {
    return tool.touch();
  }

  private Result execute(
      CallContext context, int attempt, String prepared, Heart heart, boolean attach) {
    JsonNode slot = HelmJson.read(prepared, JsonNode.class);
    OutputSink sink =
        new OutputSink(
            log,
            blobs,
            context,
            attempt,
            tool.watched(),
            () -> secrets.scrubber(context.info().blueprint().project()));
    long offset = attach ? sink.recover() : 0;
    EffectAttempt effect =
        new EffectAttempt(context.effectKey(attempt), slot.path("life").asText(), offset, attach);
    List<String> hosts = EgressGrant.hosts(context.info().blueprint(), context.call());
    try (EgressDoor.Opening opening =
        door.open(context.run(), slot.path("slot").asText(), context.toolUseId(), hosts)) {
      ToolCommand command = tool.command(context.call());
      Execution execution = sandbox.execute(context.run(), effect, command, sink);
      if (heart.interrupted()) {
        // The interrupt was heard before there was anything to end.
        interrupt(context, attempt);
      }
      return switch (await(execution)) {
        case EffectOutcome.Ended ended -> {
          sink.ended();
          yield new Result.Ended(end(ended.exit(), sink.bytes(), heart), execution::acknowledge);
        }
        case EffectOutcome.Lost lost ->
            lost.mayHaveRun()
                ? new Result.Unknown(lost.reason())
                : new Result.NotStarted(lost.reason());
      };
    }
  }

  private ToolEnd end(EffectExit exit, byte[] output, Heart heart) {
    ToolEnd end = tool.end(exit, output);
    return heart.interrupted() && exit.reason() == EffectExit.Reason.KILLED
        ? new ToolEnd(
            "interrupted",
            "interrupted",
            "A person interrupted this call. Output until then:\n" + end.forModel(),
            true,
            null,
            end.bytes(),
            end.droppedBytes(),
            end.changed(),
            end.read())
        : end;
  }

  /** The outcome, with the sandbox's own exceptions. */
  static EffectOutcome await(Execution execution) {
    try {
      return execution.outcome().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
