package dev.helm.workflows;

import dev.helm.workflows.ToolActivity.Phase;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sub-agents that work for one agent now. Each is a child workflow. What people do to the run
 * is passed on to it; what it can only wait for it reports. Decisions and answers go to it
 * directly.
 */
final class Subagents {
  private static final String MESSAGE_FIRST = "A person's message came first.";
  private static final String HELM = "helm";

  private final RunStart start;
  private final String agent;
  private final RunState state;
  private final BooleanSupplier mayPassRaisesOn;
  private final Map<String, Child> live = new LinkedHashMap<>();
  private int turns;

  /**
   * @param mayPassRaisesOn false while the log says that the run waits for money: it has to say
   *     first that it goes on
   */
  Subagents(RunStart start, String agent, RunState state, BooleanSupplier mayPassRaisesOn) {
    this.start = start;
    this.agent = agent;
    this.state = state;
    this.mayPassRaisesOn = mayPassRaisesOn;
  }

  /**
   * Has the sub-agent work and waits for its end.
   *
   * @param calls calls of this turn that have not ended, among them this one
   */
  Phase work(String label, int calls) {
    Workflow.await(() -> state.mayStart() || stops());
    if (stops()) {
      return new Phase.Returned(label, "cancelled", why());
    }
    Share share = share(Math.max(1, calls - live.size()));
    if (share.turns() < 1 || share.wallTimeMs() < 1) {
      String what = share.turns() < 1 ? "turns" : "working time";
      return new Phase.Returned(label, "failed", "the run has no " + what + " left for it");
    }
    Child child = new Child(label, share);
    live.put(label, child);
    state.work().delegates();
    long workedMs = 0;
    try {
      SubagentWorkflow stub = stub(label);
      Promise<SubagentWorkflow.Ended> promise = Async.function(stub::run, startOf(child));
      Async.procedure(() -> keepTold(child, stub));
      SubagentWorkflow.Ended end = promise.get();
      turns += end.turns();
      workedMs = end.workedMs();
      if (end.stoppedBy() != null) {
        state.stop(new Signals.Control("stop-" + label, end.stoppedBy()));
      }
      boolean cancelled = end.outcome().equals("cancelled");
      return new Phase.Returned(label, end.outcome(), cancelled && stops() ? why() : end.reason());
    } catch (ChildWorkflowFailure e) {
      return new Phase.Returned(label, "failed", "it was ended outside Helm");
    } finally {
      child.ended = true;
      live.remove(label);
      state.work().returned(workedMs);
    }
  }

  /** Model calls of sub-agents that have ended. */
  int turns() {
    return turns;
  }

  /** Whether every sub-agent has come to rest for the pause that it was told of. */
  boolean quiet() {
    return live.values().stream().allMatch(Child::quiet);
  }

  /** Takes a report; false if it is of nobody who works here now. */
  boolean reported(Signals.Report report) {
    Child child = live.get(report.agent());
    if (child == null) {
      return false;
    }
    child.quietAs = report.quietAs();
    return true;
  }

  private boolean stops() {
    return state.cancelled() || state.work().interrupting();
  }

  private String why() {
    return state.cancelled() ? "The run was cancelled." : MESSAGE_FIRST;
  }

  private SubagentWorkflow stub(String label) {
    return Workflow.newChildWorkflowStub(
        SubagentWorkflow.class,
        ChildWorkflowOptions.newBuilder()
            .setWorkflowId(SubagentWorkflow.workflowId(start.run(), start.epoch(), label))
            // However this workflow ends: its sub-agents end their tools and then themselves.
            .setParentClosePolicy(ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
            .setCancellationType(ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED)
            .build());
  }

  /** What of the run's limits a sub-agent may use. */
  private record Share(int turns, long wallTimeMs) {}

  /** An equal part, for so many, of what is neither used nor given to those at work. */
  private Share share(int among) {
    int turnsLeft = start.turnsMax() - state.turn() - turns;
    long wallLeftMs = start.wallTimeMs() - state.work().workedMs();
    for (Child child : live.values()) {
      turnsLeft -= child.share.turns();
      wallLeftMs -= child.share.wallTimeMs();
    }
    return new Share(turnsLeft / among, wallLeftMs / among);
  }

  private SubagentWorkflow.Start startOf(Child child) {
    RunStart limits =
        new RunStart(
            start.run(),
            start.epoch(),
            child.share.turns(),
            child.share.wallTimeMs(),
            start.budgetWaitMs(),
            null,
            start.image());
    return new SubagentWorkflow.Start(
        limits, child.label, SubagentWorkflow.workflowId(start.run(), start.epoch(), agent), 0);
  }

  /** Passes on pause, resume, cancel and raises, each once it differs from what was told last. */
  private void keepTold(Child child, SubagentWorkflow stub) {
    Workflow.getWorkflowExecution(stub).get();
    // By its workflow id alone: the child's stub knows only its first execution.
    SubagentWorkflow present =
        Workflow.newExternalWorkflowStub(
            SubagentWorkflow.class,
            SubagentWorkflow.workflowId(start.run(), start.epoch(), child.label));
    while (!child.ended) {
      Workflow.await(() -> child.ended || untold(child));
      if (child.ended) {
        return;
      }
      try {
        tell(child, present);
      } catch (TemporalFailure e) {
        // It has ended; its end is on the way.
        Workflow.await(() -> child.ended);
      }
    }
  }

  private boolean untold(Child child) {
    return (!child.stopTold && stops())
        || (child.pauseTold != null) == state.mayStart()
        || raiseIsUntold(child);
  }

  private boolean raiseIsUntold(Child child) {
    return child.raisesTold != state.raises() && mayPassRaisesOn.getAsBoolean();
  }

  private void tell(Child child, SubagentWorkflow stub) {
    String id = child.label + "-" + ++child.told;
    if (!child.stopTold && stops()) {
      stub.cancel(new Signals.Control(id, by(state.cancelledBy())));
      child.stopTold = true;
    } else if (raiseIsUntold(child)) {
      int raises = state.raises();
      stub.budgetRaised(new Signals.Control(id, HELM));
      child.raisesTold = raises;
    } else if (state.mayStart()) {
      stub.resume(new Signals.Control(id, by(state.resumedBy())));
      child.pauseTold = null;
    } else {
      stub.pause(new Signals.Control(id, by(state.pausedBy())));
      child.pauseTold = id;
    }
  }

  private static String by(@Nullable String who) {
    return who == null ? HELM : who;
  }

  /** What is known of one. */
  private final class Child {
    final String label;
    final Share share;
    int told;
    int raisesTold = state.raises();
    boolean stopTold;
    boolean ended;
    @Nullable String pauseTold;
    @Nullable String quietAs;

    Child(String label, Share share) {
      this.label = label;
      this.share = share;
    }

    boolean quiet() {
      return pauseTold != null && pauseTold.equals(quietAs);
    }
  }
}
