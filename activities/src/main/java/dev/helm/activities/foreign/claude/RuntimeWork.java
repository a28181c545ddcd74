package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolEnd;
import dev.helm.workflows.HelmJson;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The calls that the runtime carries out itself, from the moment that Helm lets them go. */
final class RuntimeWork {
  private static final String AGENT = "Agent";
  private static final String AT_WORK =
      "The sub-agent is at work: its calls and then its report follow. If none follows, it is gone.";

  private final Boxes boxes;
  private final String run;
  private final long callMsMax;
  private final Map<String, String> labels = new ConcurrentHashMap<>();
  private final Set<String> stopped = ConcurrentHashMap.newKeySet();

  /** The runtime went on and told no end of a call. */
  static final class NoEnd extends Exception {
    private static final long serialVersionUID = 1;
  }

  /** Where a runtime waits for verdicts. */
  interface Waiting {
    /** A call that has not ended, or null. */
    @Nullable PendingCall call(String id);

    /** Lets it pass with these arguments; false when it does not wait for that. */
    boolean allow(String id, JsonNode arguments);

    /** Denies it, if nobody has decided. */
    void deny(String id, String reason);

    /** A sub-agent of this kind begins for a call, and is recorded under this label. */
    void spawns(String toolUseId, String label, String kind);
  }

  /**
   * For one life of a runtime.
   *
   * @param callMsMax how long a call may take until its end is unknown
   */
  RuntimeWork(Boxes boxes, String run, long callMsMax) {
    this.boxes = boxes;
    this.run = run;
    this.callMsMax = callMsMax;
  }

  /** See {@code AgentDriver.spawns}. */
  void spawns(String toolUseId, String label) {
    labels.put(toolUseId, label);
  }

  /** See {@code AgentDriver.perform}. */
  Effect.Result perform(@Nullable Waiting waiting, String toolUseId, String tool, String arguments)
      throws InterruptedException {
    String label = labels.remove(toolUseId);
    PendingCall call = waiting == null ? null : waiting.call(toolUseId);
    if (waiting == null || call == null || !call.tool().equals(tool)) {
      return notCarriedOut("not asked for now", NOT_ASKED);
    }
    JsonNode input = HelmJson.read(arguments, JsonNode.class);
    String path = FilePaths.of(call.wireTool, input);
    String refusal = path.isEmpty() ? null : FilePaths.refusal(boxes, run, path);
    if (refusal != null) {
      waiting.deny(toolUseId, refusal);
      return notCarriedOut("not a plain path", refusal);
    }
    if (label != null) {
      waiting.spawns(toolUseId, label, input.path("subagent_type").asText());
    }
    if (!waiting.allow(toolUseId, input)) {
      return notCarriedOut("not asked for now", NOT_ASKED);
    }
    return tool.equals(AGENT)
        ? new Effect.Result.Ended(ToolEnd.ok("sub-agent at work", AT_WORK), null)
        : end(call);
  }

  private static final String NOT_ASKED =
      "The agent's runtime does not wait for this call any more; it was not carried out.";

  private static Effect.Result notCarriedOut(String summary, String why) {
    return new Effect.Result.Ended(ToolEnd.failed("failed · " + summary, why), null);
  }

  private Effect.Result end(PendingCall call) throws InterruptedException {
    try {
      ToolEnd end = call.end.get(callMsMax, TimeUnit.MILLISECONDS);
      return new Effect.Result.Ended(
          stopped.contains(call.id) ? ToolEnd.interrupted(end.forModel()) : end, null);
    } catch (ExecutionException e) {
      return new Effect.Result.Unknown(
          e.getCause() instanceof NoEnd
              ? "no end was told: the agent's program went on without one"
              : "the agent's runtime ended while it carried this out; what it did by then is not known");
    } catch (TimeoutException e) {
      return new Effect.Result.Unknown(
          "the agent's runtime has not told in "
              + TimeUnit.MILLISECONDS.toMinutes(callMsMax)
              + " minutes how this ended");
    }
  }

  /** A person ends a call; false if somebody did already. */
  boolean stops(PendingCall call) {
    return stopped.add(call.id);
  }

  /** Whether people have ended calls since this was asked last. */
  boolean takeStopped() {
    boolean any = !stopped.isEmpty();
    stopped.clear();
    return any;
  }
}
