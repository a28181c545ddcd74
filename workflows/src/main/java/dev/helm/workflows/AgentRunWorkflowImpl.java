package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInfo;
import io.temporal.workflow.WorkflowInit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The turn loop. What people send changes {@link RunState}; {@link CallFlow} takes one tool call.
 */
public final class AgentRunWorkflowImpl implements AgentRunWorkflow {
  /** The agent that a person started; sub-agents have labels of their own. */
  static final String MAIN = "main";

  /** A fifth of Temporal's limits, so that no run ever meets them. */
  private static final long HISTORY_EVENTS_MAX = 5_000;

  private static final long HISTORY_BYTES_MAX = 5L << 20;
  private static final int SIGNALS_MAX = 1_000;

  private final RunStart start;
  private final RunState state;
  private final Steps steps;
  private final CallFlow calls;
  private RunEvent.@Nullable RunPaused moneyWait;
  private boolean openCalls = true;

  /** Signals may arrive before {@link #run}, so all state is made here. */
  @WorkflowInit
  public AgentRunWorkflowImpl(RunStart start) {
    this.start = start;
    this.state = new RunState(start.carry());
    this.steps = new Steps(start, state);
    this.calls = new CallFlow(state, steps);
  }

  @Override
  public void run(RunStart ignored) {
    Async.procedure(this::keepPauseInLog);
    boolean begun = start.carry() != null;
    List<String> unread;
    do {
      unread = finish(toTheEnd(begun));
      // The store had acknowledged them, whether or not their signals have come by now.
      unread.forEach(state::unread);
      begun = true;
    } while (!unread.isEmpty());
  }

  private End toTheEnd(boolean begun) {
    try {
      if (!begun) {
        steps.append("started", new RunEvent.RunStarted(start.epoch(), start.image()));
      }
      finishCalls();
      return turns();
    } catch (CanceledFailure e) {
      return new End("cancelled", "cancelled in Temporal", "operator");
    } catch (ActivityFailure e) {
      return state.cancelled() ? cancelled() : new End("failed", reasonOf(e), null);
    }
  }

  /** An epoch may begin in the middle of a turn: calls without a result pass the gate again. */
  private void finishCalls() {
    RunStart.Carry carry = start.carry();
    if (carry == null || carry.openCalls().isEmpty() || !openCalls) {
      return;
    }
    openCalls = false;
    List<ModelActivity.Call> open = new ArrayList<>(carry.openCalls());
    open.removeIf(call -> has(carry.results(), call));
    List<RunStart.CallResult> ended = new ArrayList<>(carry.results());
    ended.addAll(calls.all(open));
    List<RunStart.CallResult> all = new ArrayList<>();
    for (ModelActivity.Call call : carry.openCalls()) {
      ended.stream().filter(r -> r.toolUseId().equals(call.toolUseId())).forEach(all::add);
    }
    state.results(all);
    state.takeInterrupt();
  }

  private static boolean has(List<RunStart.CallResult> results, ModelActivity.Call call) {
    return results.stream().anyMatch(r -> r.toolUseId().equals(call.toolUseId()));
  }

  private End turns() {
    while (true) {
      if (state.cancelled()) {
        return cancelled();
      }
      continueAsNewIfLarge();
      End end = turn();
      if (end != null) {
        return end;
      }
    }
  }

  /** One turn; null when the run goes on. */
  private @Nullable End turn() {
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
      case ModelActivity.Reply.Refused refused -> new End("failed", refused.reason(), null);
    };
  }

  private @Nullable End again() {
    state.takeInterrupt();
    state.sameTurnAgain();
    return null;
  }

  private @Nullable End answered(ModelActivity.Reply.Answered answered) {
    state.answered(answered.head());
    if (answered.calls().isEmpty()) {
      // A "now" that came too late to interrupt this answer must not drop the calls of the next.
      state.takeInterrupt();
      return state.hasMessages() || state.cancelled() ? null : new End("succeeded", null, null);
    }
    state.results(calls.all(answered.calls()));
    state.takeInterrupt();
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
      return new End("failed", "the budget was spent and nobody raised it: " + over.detail(), null);
    }
    state.takeBudgetRaised();
    steps.append("resumed-" + state.nextNote(), new RunEvent.RunResumed("budget", null));
    state.sameTurnAgain();
    return null;
  }

  private @Nullable End limitReached() {
    String limit;
    String detail;
    if (state.turn() >= start.turnsMax()) {
      limit = "turns";
      detail = "the blueprint allows " + start.turnsMax() + " turns";
    } else if (state.workedMs() >= start.wallTimeMs()) {
      limit = "wallTime";
      detail = "the blueprint allows " + Duration.ofMillis(start.wallTimeMs()) + " of work";
    } else {
      return null;
    }
    steps.append("limit", new RunEvent.LimitReached(limit, detail));
    return new End("failed", "limit reached: " + detail, null);
  }

  private End cancelled() {
    return new End("cancelled", null, state.cancelledBy());
  }

  /** Ids of messages that keep the run from its end; none when it has ended. */
  private List<String> finish(End end) {
    if (state.left()) {
      return List.of();
    }
    List<String> unread = new ArrayList<>();
    Workflow.newDetachedCancellationScope(
            () ->
                unread.addAll(
                    steps
                        .finish(new RunEvent.RunFinished(end.outcome(), end.reason(), end.by()))
                        .unread()))
        .run();
    return unread;
  }

  // ---- what goes on beside the turns -------------------------------------------------------

  /** Logs a person's pause once nothing is at work, and its end. */
  private void keepPauseInLog() {
    while (true) {
      Workflow.await(() -> state.idle() && (state.pausedBy() != null) != state.pauseLogged());
      String by = state.pausedBy();
      String key = "pause-" + state.nextNote();
      if (by != null) {
        steps.append(key, new RunEvent.RunPaused("person", by, null, null, null));
        state.pauseLogged(true);
      } else {
        List<RunEvent> events = new ArrayList<>();
        events.add(new RunEvent.RunResumed("person", state.resumedBy()));
        RunEvent stillWaits = moneyWait != null ? moneyWait : calls.pauseNote();
        if (stillWaits != null) {
          events.add(stillWaits);
        }
        steps.append(key, events);
        state.pauseLogged(false);
      }
    }
  }

  private void continueAsNewIfLarge() {
    WorkflowInfo info = Workflow.getInfo();
    boolean large =
        info.isContinueAsNewSuggested()
            || info.getHistoryLength() > HISTORY_EVENTS_MAX
            || info.getHistorySize() > HISTORY_BYTES_MAX
            || state.signals() > SIGNALS_MAX;
    if (large && state.round() == 0) {
      // A note in flight would be lost with this execution: let it reach the log first.
      Workflow.await(steps::nothingInFlight);
      if (state.cancelled()) {
        return;
      }
      Workflow.continueAsNew(
          new RunStart(
              start.run(),
              start.epoch(),
              start.turnsMax(),
              start.wallTimeMs(),
              start.budgetWaitMs(),
              state.carry(),
              start.image()));
    }
  }

  private static String reasonOf(ActivityFailure failure) {
    return failure.getCause() instanceof ApplicationFailure cause
        ? cause.getOriginalMessage()
        : "an internal step failed: " + failure.getActivityType();
  }

  // ---- signals -----------------------------------------------------------------------------

  @Override
  public void decide(Signals.Decide decision) {
    state.decide(decision);
  }

  @Override
  public void answer(Signals.Answer answer) {
    state.answer(answer);
  }

  @Override
  public void message(Signals.Message message) {
    state.message(message);
  }

  @Override
  public void cancelMessage(Signals.CancelMessage message) {
    state.cancelMessage(message);
  }

  @Override
  public void pause(Signals.Control control) {
    state.pause(control);
  }

  @Override
  public void resume(Signals.Control control) {
    state.resume(control);
  }

  @Override
  public void cancel(Signals.Control control) {
    state.cancel(control);
  }

  @Override
  public void leave(Signals.Control control) {
    state.leave(control);
  }

  @Override
  public void budgetRaised(Signals.Control control) {
    state.budgetRaised(control);
  }

  private record End(String outcome, @Nullable String reason, @Nullable String by) {}
}
