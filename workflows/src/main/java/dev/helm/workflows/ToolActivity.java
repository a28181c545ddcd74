package dev.helm.workflows;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.temporal.activity.ActivityInterface;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gate and the effect of one tool call. Between a decision and its effect there is one
 * activity: it commits both {@code permission.decided} and {@code tool.started} before anything
 * happens.
 */
@ActivityInterface
public interface ToolActivity {
  /** Takes the call one step on: to its end, or to where a person is needed. */
  Reply step(Request request);

  /**
   * Which call, and what is known by now.
   *
   * @param alone nothing else of this run is at work, so that waiting means that the run is paused
   */
  record Request(
      String run,
      int epoch,
      String agent,
      String toolUseId,
      String tool,
      boolean alone,
      Phase phase) {}

  /** Why the step is taken. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Phase.Asked.class, name = "asked"),
    @JsonSubTypes.Type(value = Phase.Decided.class, name = "decided"),
    @JsonSubTypes.Type(value = Phase.Approved.class, name = "approved"),
    @JsonSubTypes.Type(value = Phase.TimedOut.class, name = "timedOut"),
    @JsonSubTypes.Type(value = Phase.Answered.class, name = "answered"),
    @JsonSubTypes.Type(value = Phase.Returned.class, name = "returned"),
    @JsonSubTypes.Type(value = Phase.Dropped.class, name = "dropped")
  })
  sealed interface Phase {
    /** The model asks; the gate has not spoken. */
    record Asked() implements Phase {}

    /** A person decided. */
    record Decided(Signals.Decide decision) implements Phase {}

    /** One of several people who must allow did; the call goes on waiting. */
    record Approved(Signals.Decide decision, int have, int need) implements Phase {}

    /** Nobody decided, or answered, in time. */
    record TimedOut(String waitId) implements Phase {}

    /** A person answered a question of the agent, or said what became of an unknown effect. */
    record Answered(Signals.Answer answer) implements Phase {}

    /**
     * The sub-agent that the call asked for has come to its end.
     *
     * @param outcome {@code succeeded failed cancelled}
     */
    record Returned(String subagent, String outcome, @Nullable String reason) implements Phase {}

    /**
     * The call will not start: a person interrupted, or the run ends, before it could. If an
     * attempt that died began it, it is interrupted.
     *
     * @param lost the step that is not taken, or whose end was lost
     */
    record Dropped(String reason, Phase lost) implements Phase {
      /** What people had decided of the call by then, null if nothing. */
      public Signals.@Nullable Decide decision() {
        return lost instanceof Decided decided ? decided.decision() : null;
      }
    }
  }

  /** Where the call stands after the step. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Reply.Done.class, name = "done"),
    @JsonSubTypes.Type(value = Reply.Waits.class, name = "waits"),
    @JsonSubTypes.Type(value = Reply.Spawns.class, name = "spawns"),
    @JsonSubTypes.Type(value = Reply.Noted.class, name = "noted"),
    @JsonSubTypes.Type(value = Reply.Stop.class, name = "stop")
  })
  sealed interface Reply {
    /** The call is over and the model may read its result. */
    record Done(RunStart.CallResult result) implements Reply {}

    /**
     * A person is needed.
     *
     * @param waitId permission or question id
     * @param reason {@code permission question unknown}
     * @param argumentsHash what an allow must name; null for questions
     * @param deadlineMs epoch milliseconds at which silence becomes the answer
     * @param asking who must answer and who is reminded; null for questions
     */
    record Waits(
        String waitId,
        String reason,
        @Nullable String argumentsHash,
        long deadlineMs,
        @Nullable Asking asking)
        implements Reply {
      /** One answer will do, and nobody is reminded. */
      public Waits(String waitId, String reason, @Nullable String argumentsHash, long deadlineMs) {
        this(waitId, reason, argumentsHash, deadlineMs, null);
      }
    }

    /** An approval by one of several is in the log. */
    record Noted() implements Reply {}

    /** A sub-agent works on it now; it is recorded under this label. */
    record Spawns(String subagent) implements Reply {}

    /** A person wants the run stopped because of an unknown outcome. */
    record Stop(String by) implements Reply {}
  }

  /**
   * How a permission is asked.
   *
   * @param need how many different people must allow
   * @param remindAtMs epoch milliseconds of the reminder
   * @param escalateAtMs epoch milliseconds at which {@code escalateTo} is told, null for never
   * @param escalateTo words of roles
   */
  record Asking(int need, long remindAtMs, @Nullable Long escalateAtMs, List<String> escalateTo) {}
}
