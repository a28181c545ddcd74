package dev.helm.activities.tools;

import dev.helm.activities.mail.Relay;
import dev.helm.activities.run.BoxSandbox;
import dev.helm.activities.run.MemoryStore;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tool activity with memory behind it; a failed step is what a dead process leaves. */
final class ToolRig implements AutoCloseable {
  final MemoryStore store;
  final BoxSandbox sandbox;
  final TestActivityEnvironment env =
      TestActivityEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(HelmJson.dataConverter())
                      .build())
              .build());
  private final ToolActivity activity;
  private final String tool;
  private final Elsewhere elsewhere;

  ToolRig(Blueprint blueprint, String tool, String arguments) {
    this(blueprint, tool, arguments, null);
  }

  ToolRig(Blueprint blueprint, String tool, String arguments, @Nullable Relay relay) {
    this(blueprint, tool, arguments, relay, Elsewhere.NOTHING);
  }

  ToolRig(
      Blueprint blueprint,
      String tool,
      String arguments,
      @Nullable Relay relay,
      Elsewhere elsewhere) {
    this(tool, new MemoryStore(blueprint, "task"), relay, elsewhere);
    store.append(
        MemoryStore.RUN,
        List.of(
            new Fact(
                "requested",
                "main",
                new RunEvent.ToolRequested(
                    "t1", tool, store.content(arguments, "application/json"), hash(), "x", 1))));
  }

  private ToolRig(String tool, MemoryStore store, @Nullable Relay relay, Elsewhere elsewhere) {
    this.elsewhere = elsewhere;
    this.tool = tool;
    this.store = store;
    sandbox = new BoxSandbox(store.crashes);
    env.registerActivitiesImplementations(
        Tools.activity(
            store,
            store,
            store,
            sandbox,
            (run, slot, toolUseId, hosts) -> () -> {},
            relay,
            (call, shell) -> {},
            Clock.fixed(Instant.parse("2026-03-02T14:02:13Z"), ZoneOffset.UTC),
            elsewhere));
    activity =
        env.newActivityStub(
            ToolActivity.class,
            ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(60)).build());
  }

  /** Another worker over the same store, with a sandbox of its own. */
  ToolRig another() {
    return new ToolRig(tool, store, null, elsewhere);
  }

  String hash() {
    var requested = store.requested(MemoryStore.RUN, "t1");
    try {
      return requested == null
          ? ""
          : ToolCall.of("t1", tool, store.text(requested.arguments())).argumentsHash();
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  Reply step(Phase phase) {
    return step(1, phase);
  }

  Reply step(int epoch, Phase phase) {
    return step(epoch, "main", phase);
  }

  Reply step(int epoch, String agent, Phase phase) {
    return activity.step(
        new ToolActivity.Request(MemoryStore.RUN, epoch, agent, "t1", tool, true, phase));
  }

  /** As Temporal does: again until it answers. */
  Reply stepUntilDone(Phase phase) {
    for (int i = 0; i < 5; i++) {
      try {
        return step(phase);
      } catch (ActivityFailure e) {
        if (e.getCause() == null || !e.getCause().toString().contains("died")) {
          throw e;
        }
      }
    }
    throw new AssertionError("the step never ends: " + store.types());
  }

  Phase allow(Reply asked, String hash) {
    String id = ((Reply.Waits) asked).waitId();
    return new Phase.Decided(new Signals.Decide("d1", id, true, hash, null, "ada", null));
  }

  Phase answer(Reply asked, String text) {
    return new Phase.Answered(new Signals.Answer("a1", ((Reply.Waits) asked).waitId(), text, "bo"));
  }

  /** What the model reads. */
  String told(Reply reply) {
    byte[] bytes = store.get(((Reply.Done) reply).result().sha256());
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    env.close();
  }
}
