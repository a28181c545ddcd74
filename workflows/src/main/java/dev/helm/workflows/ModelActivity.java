package dev.helm.workflows;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.temporal.activity.ActivityInterface;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One model call: streamed, journaled, its tool calls recorded. */
@ActivityInterface
public interface ModelActivity {
  /**
   * Calls the model once. A failure that may pass (429, 529, 5xx, a cut stream) is logged as {@code
   * model.retried} and thrown, so that Temporal calls again after the time that the model named.
   */
  Reply call(Request request);

  /**
   * What to say.
   *
   * @param round makes the journal key of a turn that is begun anew a different one
   * @param head conversation so far, null at the first turn
   * @param results results of the calls of the turn before
   * @param messages ids of steering to read now
   */
  record Request(
      String run,
      int epoch,
      String agent,
      int turn,
      int round,
      @Nullable String head,
      List<RunStart.CallResult> results,
      List<String> messages) {}

  /** How a model call ended. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Reply.Answered.class, name = "answered"),
    @JsonSubTypes.Type(value = Reply.OverBudget.class, name = "overBudget"),
    @JsonSubTypes.Type(value = Reply.Interrupted.class, name = "interrupted"),
    @JsonSubTypes.Type(value = Reply.Refused.class, name = "refused")
  })
  sealed interface Reply {
    /**
     * The whole answer is in the log and the conversation.
     *
     * @param goesOn true when a hook does not let the agent stop here; null in old histories
     */
    record Answered(String head, List<Call> calls, @Nullable Boolean goesOn) implements Reply {
      /** Where no hook has a say. */
      public Answered(String head, List<Call> calls) {
        this(head, calls, null);
      }
    }

    /** A cap has no room for this call; nothing was sent. */
    record OverBudget(String scope, String detail) implements Reply {}

    /** A person's message interrupted the stream; nothing of it is kept. */
    record Interrupted() implements Reply {}

    /** The model or Helm refuses for good; {@code reason} is for people. */
    record Refused(String reason) implements Reply {}
  }

  /** A tool call that the model asked for; its arguments are in the log. */
  record Call(String toolUseId, String tool) {}
}
