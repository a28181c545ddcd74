package dev.helm.activities.foreign;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A call of a program, from its request until the answer to it is written. */
public final class ProgramCall {
  private final String toolUseId;
  private final String tool;
  private final String arguments;
  private final @Nullable String sameness;
  private final @Nullable String agent;
  private final boolean fetched;
  private CompletableFuture<Answer> caller = new CompletableFuture<>();
  private boolean gone;
  private @Nullable Answer answer;

  /**
   * What the program reads.
   *
   * @param messages what people say, beside the result
   */
  public record Answer(String text, boolean error, List<Given.Message> messages) {}

  ProgramCall(String toolUseId, String tool, String arguments, @Nullable String sameness) {
    this(toolUseId, tool, arguments, sameness, null, false);
  }

  /**
   * A call.
   *
   * @param agent the label of the sub-agent that asks, or null
   * @param fetched whether another call at the endpoint reads what it gave
   */
  ProgramCall(
      String toolUseId,
      String tool,
      String arguments,
      @Nullable String sameness,
      @Nullable String agent,
      boolean fetched) {
    this.agent = agent;
    this.fetched = fetched;
    this.toolUseId = toolUseId;
    this.tool = tool;
    this.arguments = arguments;
    this.sameness = sameness;
  }

  Next.Asked asked() {
    return new Next.Asked(toolUseId, tool, arguments, agent);
  }

  String toolUseId() {
    return toolUseId;
  }

  @Nullable String sameness() {
    return sameness;
  }

  /** Whether another call is to read this one's answer. */
  boolean fetched() {
    return fetched;
  }

  /** Whether nobody waits for the answer any more. */
  synchronized boolean gone() {
    return gone;
  }

  /** A connection that waited for it is closed; whether it was the one that waits now. */
  public synchronized boolean leave(CompletableFuture<Answer> who) {
    gone |= who == caller;
    return who == caller;
  }

  /** What the present caller waits for. */
  public synchronized CompletableFuture<Answer> caller() {
    return caller;
  }

  /** Another request takes the place of one whose connection is closed. */
  synchronized CompletableFuture<Answer> join() {
    gone = false;
    caller.completeExceptionally(
        new ProgramCalls.Refused("another request took the place of this one"));
    caller = new CompletableFuture<>();
    if (answer != null) {
      caller.complete(answer);
    }
    return caller;
  }

  synchronized void answer(Answer found) {
    answer = found;
    caller.complete(found);
  }

  /** The session is over; whoever waits is told so. */
  synchronized void fail(RuntimeException why) {
    caller.completeExceptionally(why);
  }
}
