package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.TurnLoop.End;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.util.ArrayList;
import java.util.List;

/**
 * A run from start to end: {@link TurnLoop} takes the turns, what people send changes {@link
 * RunState}, {@link CallFlow} takes one tool call.
 */
public final class AgentRunWorkflowImpl implements AgentRunWorkflow {
  private final RunStart start;
  private final RunState state;
  private final Steps steps;
  private final CallFlow calls;
  private final TurnLoop loop;
  private boolean openCalls = true;
  private boolean inLog;

  /** Signals may arrive before {@link #run}, so all state is made here. */
  @WorkflowInit
  public AgentRunWorkflowImpl(RunStart start) {
    this.start = start;
    this.state = new RunState(start.carry());
    this.steps = new Steps(start, MAIN, state);
    this.calls = new CallFlow(start, MAIN, state, steps);
    this.loop = new TurnLoop(start, true, state, steps, calls);
  }

  @Override
  public void run(RunStart ignored) {
    boolean begun = start.carry() != null;
    inLog = begun;
    Async.procedure(this::keepPauseInLog);
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
        inLog = true;
      }
      finishCalls();
      return turns();
    } catch (CanceledFailure e) {
      return new End("cancelled", "cancelled in Temporal", "operator");
    } catch (ActivityFailure e) {
      return state.cancelled() ? loop.cancelled() : End.failed(e);
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
    state.work().takeInterrupt();
  }

  private static boolean has(List<RunStart.CallResult> results, ModelActivity.Call call) {
    return results.stream().anyMatch(r -> r.toolUseId().equals(call.toolUseId()));
  }

  private End turns() {
    while (true) {
      if (state.cancelled()) {
        return loop.cancelled();
      }
      continueAsNewIfLarge();
      End end = loop.turn();
      if (end != null) {
        return end;
      }
    }
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
      Workflow.await(() -> resting() && (state.pausedBy() != null) != state.pauseLogged());
      String by = state.pausedBy();
      String key = "pause-" + state.nextNote();
      if (by != null) {
        steps.append(key, new RunEvent.RunPaused("person", by, null, null, null));
        state.pauseLogged(true);
      } else {
        List<RunEvent> events = new ArrayList<>();
        events.add(new RunEvent.RunResumed("person", state.resumedBy()));
        RunEvent stillWaits = loop.waits();
        if (stillWaits != null) {
          events.add(stillWaits);
        }
        steps.append(key, events);
        state.pauseLogged(false);
      }
    }
  }

  private boolean resting() {
    return inLog && state.work().idle() && calls.subagentsQuiet();
  }

  private void continueAsNewIfLarge() {
    if (loop.large()) {
      // A note in flight would be lost with this execution: let it reach the log first.
      Workflow.await(steps::nothingInFlight);
      if (state.cancelled()) {
        return;
      }
      Workflow.continueAsNew(
          new RunStart(
              start.run(),
              start.epoch(),
              loop.turnsMax(),
              start.wallTimeMs(),
              start.budgetWaitMs(),
              state.carry(),
              start.image()));
    }
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

  @Override
  public void report(Signals.Report report) {
    calls.reported(report);
  }
}
