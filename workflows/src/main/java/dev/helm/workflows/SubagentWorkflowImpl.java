package dev.helm.workflows;

import dev.helm.workflows.TurnLoop.End;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import org.jspecify.annotations.Nullable;

/** The turn loop of a sub-agent, and what it tells the agent that asked for it. */
public final class SubagentWorkflowImpl implements SubagentWorkflow {
  private final Start start;
  private final RunState state;
  private final Steps steps;
  private final CallFlow calls;
  private final TurnLoop loop;
  private Signals.@Nullable Report told;
  private boolean telling;

  /** Signals may arrive before {@link #run}, so all state is made here. */
  @WorkflowInit
  public SubagentWorkflowImpl(Start start) {
    this.start = start;
    RunStart limits = start.limits();
    this.state = new RunState(limits.carry());
    this.steps = new Steps(limits, start.agent(), state);
    this.calls = new CallFlow(limits, start.agent(), state, steps);
    this.loop = new TurnLoop(limits, false, state, steps, calls);
  }

  @Override
  public SubagentWorkflow.Ended run(Start ignored) {
    Async.procedure(this::keepParentTold);
    End end = toTheEnd();
    return new SubagentWorkflow.Ended(
        end.outcome(),
        end.reason(),
        state.turn() + subagentTurns(),
        state.work().workedMs(),
        state.stoppedBy());
  }

  private int subagentTurns() {
    return start.subagentTurns() + calls.subagentTurns();
  }

  private End toTheEnd() {
    try {
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
    } catch (CanceledFailure e) {
      return new End("cancelled", "the run has ended", null);
    } catch (ActivityFailure e) {
      return state.cancelled() ? loop.cancelled() : End.failed(e);
    }
  }

  /** Tells what it can only wait for, and that it has come to rest for a pause. */
  private void keepParentTold() {
    AgentRunWorkflow parent =
        Workflow.newExternalWorkflowStub(AgentRunWorkflow.class, start.parent());
    while (true) {
      Workflow.await(() -> !present().equals(told));
      Signals.Report now = present();
      told = now;
      telling = true;
      try {
        parent.report(now);
      } catch (TemporalFailure e) {
        // Nobody is there to hear it; this workflow is about to be ended.
      } finally {
        telling = false;
      }
    }
  }

  private Signals.Report present() {
    boolean quiet = state.pauseId() != null && state.work().idle() && calls.subagentsQuiet();
    return new Signals.Report(start.agent(), quiet ? state.pauseId() : null, loop.waits());
  }

  private void continueAsNewIfLarge() {
    if (!loop.large() || !state.mayStart()) {
      return;
    }
    Workflow.await(() -> steps.nothingInFlight() && !telling);
    if (state.cancelled() || !state.mayStart()) {
      return;
    }
    RunStart limits = start.limits();
    Workflow.continueAsNew(
        new Start(
            new RunStart(
                limits.run(),
                limits.epoch(),
                loop.turnsMax(),
                limits.wallTimeMs(),
                limits.budgetWaitMs(),
                state.carry(),
                limits.image()),
            start.agent(),
            start.parent(),
            subagentTurns()));
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
  public void budgetRaised(Signals.Control control) {
    state.budgetRaised(control);
  }

  @Override
  public void report(Signals.Report report) {
    calls.reported(report);
  }
}
