package dev.helm.activities.store;

import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.workflows.decide.Remembered;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an activity may know of a run beside its log. */
public interface Runs {
  /** The run, or an {@link IllegalArgumentException} for an unknown id. */
  Info info(String run);

  /** A tool call that the model asked for in this run, as {@code tool.requested} recorded it. */
  @Nullable RequestedCall requested(String run, String toolUseId);

  /** Rules that people had remembered for this run or its blueprint and that hold at this time. */
  List<Remembered> remembered(String run, long nowMs);

  /** Whether a call of this tool has started in this run. */
  boolean usedBefore(String run, String tool);

  /** What the model said when it asked for this call; empty when it said nothing. */
  String saidBefore(String run, String toolUseId);

  /** Sub-agents of this run, in the order in which they began; all epochs. */
  List<Subagent> subagents(String run);

  /** Calls that were started and have no end, questions and sub-agents not counted. */
  List<OpenCall> openCalls(String run);

  /** What the agent said last; empty when it said nothing. */
  String lastSaid(String run, String agent);

  /** A steering message of this run. */
  @Nullable QueuedMessage message(String run, String messageId);

  /** The token that stands for the model key in this run's epoch; valid until the run has ended. */
  Secret modelToken(String run, int epoch);

  /** Spend and cap now. */
  Money money(String run);

  /**
   * Why the run's last model call was refused for want of money, or null when it was not, or money
   * has come since.
   */
  default @Nullable Short shortOfMoney(String run) {
    return null;
  }

  /** A cap that has no room; as in {@code budget.exhausted}. */
  record Short(String scope, String detail) {}

  /**
   * A run's fixed facts and its present status.
   *
   * @param input the values of the blueprint's inputs
   * @param prompt replaces the blueprint's task, if given
   */
  record Info(
      String run,
      String name,
      int epoch,
      RunStatus status,
      @Nullable String waitingFor,
      Blueprint blueprint,
      String blueprintRef,
      Map<String, Object> input,
      @Nullable String prompt,
      boolean practice) {}

  /**
   * A call that the model asked for.
   *
   * @param edited the arguments that people allowed instead, once they did
   */
  record RequestedCall(
      String toolUseId,
      String tool,
      Content arguments,
      String argumentsHash,
      String object,
      String agent,
      int turn,
      @Nullable Content edited) {}

  /**
   * A sub-agent, as {@code subagent.spawned} recorded it.
   *
   * @param agent its label, for example {@code main/1}
   * @param tools names of the tools that it may use
   * @param prompt the first message of its conversation
   * @param ended whether its end is recorded
   * @param kept whether no rollback has taken it back
   * @param kind its name in the blueprint's {@code subAgents}, or null
   */
  record Subagent(
      String agent,
      List<String> tools,
      Content prompt,
      boolean ended,
      boolean kept,
      @Nullable String kind) {
    public Subagent {
      tools = List.copyOf(tools);
    }
  }

  /** A call at work; {@code key} is that of its newest {@code tool.started}. */
  record OpenCall(String key, String agent, String toolUseId, String tool) {}

  /** A steering message. */
  record QueuedMessage(String messageId, String text, String when, String by) {}

  /** Spend against the run's cap. */
  record Money(Usd spentUsd, Usd heldUsd, Usd capUsd) {}
}
