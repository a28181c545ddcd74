package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The turns of one agent: model call, tool calls, again, until there is nothing more to say. */
final class TurnLoop {
  /** A fifth of Temporal's limits, so that no agent ever meets them. */
  private static final long HISTORY_EVENTS_MAX = 5_000;

  private static final long HISTORY_BYTES_MAX = 5L << 20;
  private static final int SIGNALS_MAX = 1_000;

  private final RunStart start;
  private final boolean main;
  private final RunState state;
  private final Steps steps;
  private final CallFlow calls;
  private RunEvent.@Nullable RunPaused moneyWait;

  TurnLoop(RunStart start, boolean main, RunState state, Steps steps, CallFlow calls) {
    this.start = start;
    this.main = main;
    this.state = state;
    this.steps = steps;
    this.calls = calls;
  }

  /** How an agent ends. */
  record End(String outcome, @Nullable String reason, @Nullable String by) {
    static End failed(String reason) {
      return new End("failed", reason, null);
    }

    /** An internal step failed for good. */
    static End failed(ActivityFailure failure) {
      return failed(
          failure.getCause() instanceof ApplicationFailure cause
              ? cause.getOriginalMessage()
              : "an internal step failed: " + failure.getActivityType());
    }
  }

  /** Whether the history is so long that a new execution should go on, now, between two turns. */
  boolean large() {
    WorkflowInfo info = Workflow.getInfo();
    boolean large =
        info.isContinueAsNewSuggested()
            || info.getHistoryLength() > HISTORY_EVENTS_MAX
            || info.getHistorySize() > HISTORY_BYTES_MAX
            || state.signals() > SIGNALS_MAX;
    return large && state.round() == 0 && !state.toldToGoOn();
  }

  /** Turns that a next execution may still make, all told. */
  int turnsMax() {
    return start.turnsMax() - calls.subagentTurns();
  }

  /** Why it only waits now, or null. */
  RunEvent.@Nullable RunPaused waits() {
    return moneyWait != null ? moneyWait : calls.pauseNote();
  }

  End cancelled() {
    return new End("cancelled", null, state.cancelledBy());
  }

  /** One turn; null when the agent goes on. */
  @Nullable End turn() {
    Workflow.await(() -> state.mayStart() || state.cancelled());
    if (state.cancelled()) {
      return cancelled();
    }
    if (state.nothingToSay()) {
      // Its last message was taken back while the run was paused.
      return new End("succeeded", null, null);
    }
    if (state.round() == 0) {
      End limit = limitReached();
      if (limit != null) {
        return limit;
      }
      state.nextTurn();
    }
    ModelActivity.Reply reply = steps.model();
    return switch (reply) {
      case null -> state.cancelled() ? cancelled() : again();
      case ModelActivity.Reply.Answered answered -> answered(answered);
      case ModelActivity.Reply.OverBudget over -> waitForMoney(over);
      case ModelActivity.Reply.Interrupted interrupted -> again();
      case ModelActivity.Reply.Refused refused -> End.failed(refused.reason());
    };
  }

  private @Nullable End again() {
    state.work().takeInterrupt();
    state.sameTurnAgain();
    return null;
  }

  private @Nullable End answered(ModelActivity.Reply.Answered answered) {
    state.answered(answered.head());
    if (answered.calls().isEmpty()) {
      // A "now" that came too late to interrupt this answer must not drop the calls of the next.
      state.work().takeInterrupt();
      if (Boolean.TRUE.equals(answered.goesOn())) {
        state.goOn();
        return null;
      }
      return state.hasMessages() || state.cancelled() ? null : new End("succeeded", null, null);
    }
    state.results(calls.all(answered.calls()));
    state.work().takeInterrupt();
    return null;
  }

  private @Nullable End waitForMoney(ModelActivity.Reply.OverBudget over) {
    moneyWait = new RunEvent.RunPaused("budget", null, null, null, over.detail());
    boolean goesOn =
        Workflow.await(
            Duration.ofMillis(start.budgetWaitMs()),
            () -> state.hasBudgetRaised() || state.cancelled());
    moneyWait = null;
    if (state.cancelled()) {
      return cancelled();
    }
    if (!goesOn) {
      return End.failed("the budget was spent and nobody raised it: " + over.detail());
    }
    state.takeBudgetRaised();
    if (main) {
      // For a sub-agent the main agent has said it.
      steps.append("resumed-" + state.nextNote(), new RunEvent.RunResumed("budget", null));
    }
    state.sameTurnAgain();
    return null;
  }

  private String allowed() {
    return main ? "the blueprint allows " : "the sub-agent's share of the run is ";
  }

  private @Nullable End limitReached() {
    String limit;
    String detail;
    if (state.turn() >= turnsMax()) {
      limit = "turns";
      detail = allowed() + start.turnsMax() + " turns";
    } else if (state.work().workedMs() >= start.wallTimeMs()) {
      limit = "wallTime";
      detail = allowed() + Duration.ofMillis(start.wallTimeMs()) + " of work";
    } else {
      return null;
    }
    steps.append("limit", new RunEvent.LimitReached(limit, detail));
    return End.failed("limit reached: " + detail);
  }
}
