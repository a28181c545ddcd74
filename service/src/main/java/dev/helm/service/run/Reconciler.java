package dev.helm.service.run;

import dev.helm.activities.store.Runs;
import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.Fact;
import dev.helm.workflows.SubagentWorkflow;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.PendingActivityState;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.failure.v1.ApplicationFailureInfo;
import io.temporal.api.failure.v1.Failure;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
import io.temporal.api.workflowservice.v1.ResetStickyTaskQueueRequest;
import io.temporal.api.workflowservice.v1.RespondActivityTaskFailedByIdRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the log and Temporal together after a start: what was accepted and not carried over is
 * carried over, and what a former life of this service was doing is ended at once, so that nobody
 * waits for its heart beat to be missed.
 */
final class Reconciler {
  private static final Set<String> MONEY = Set.of("run.paused", "budget.raised");
  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  private final WorkflowServiceStubs temporal;
  private final String namespace;
  private final String identity;
  private final Store store;
  private final Ledger ledger;
  private final TemporalRunControl control;
  private final Set<String> signalled = new HashSet<>();
  private final Set<String> strangers = ConcurrentHashMap.newKeySet();

  Reconciler(
      WorkflowServiceStubs temporal,
      String namespace,
      String identity,
      Store store,
      Ledger ledger,
      TemporalRunControl control) {
    this.temporal = temporal;
    this.namespace = namespace;
    this.identity = identity;
    this.store = store;
    this.ledger = ledger;
    this.control = control;
  }

  /**
   * Goes through all active runs; one that fails does not hold up the others.
   *
   * @throws StatusRuntimeException when Temporal is not there, so that the round is made again
   */
  void reconcile(boolean formerLife) {
    strangers.clear();
    for (String run : store.queries().activeRunIds()) {
      try {
        reconcile(run, formerLife);
      } catch (RuntimeException e) {
        if (away(e)) {
          throw e;
        }
        LOG.warn("run {} could not be reconciled: {}", run, e.toString());
      }
    }
  }

  private static boolean away(RuntimeException e) {
    return e instanceof StatusRuntimeException answer
        && answer.getStatus().getCode() == Status.Code.UNAVAILABLE;
  }

  private void reconcile(String run, boolean formerLife) {
    Bodies.Run now = store.queries().run(Access.system(), run);
    RunQueries.Started started = store.queries().started(run);
    if (now == null || started == null || store.epochs().open(run) != null) {
      return;
    }
    WorkflowExecution execution = execution(AgentRunWorkflow.workflowId(run, started.epoch()));
    DescribeWorkflowExecutionResponse found;
    try {
      found = describe(execution);
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw e;
      }
      missing(run, now, started);
      return;
    }
    if (store.epochs().open(run) != null) {
      // Its workflow leaves, and the next one comes; Epochs sees to both.
      return;
    }
    WorkflowExecutionStatus status = found.getWorkflowExecutionInfo().getStatus();
    if (status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING) {
      ended(run, started, "its workflow was ended outside Helm (" + status.name() + ")");
      return;
    }
    if (formerLife) {
      takeOver(execution, found.getPendingActivitiesList());
      takeOverSubagents(run, started.epoch());
    }
    signalUnread(run);
    signalRaise(run, now);
    pauseOverdrawn(run);
  }

  private static WorkflowExecution execution(String workflowId) {
    return WorkflowExecution.newBuilder().setWorkflowId(workflowId).build();
  }

  private DescribeWorkflowExecutionResponse describe(WorkflowExecution execution) {
    return temporal
        .blockingStub()
        .describeWorkflowExecution(
            DescribeWorkflowExecutionRequest.newBuilder()
                .setNamespace(namespace)
                .setExecution(execution)
                .build());
  }

  private void takeOverSubagents(String run, int epoch) {
    for (Runs.Subagent subagent : store.runs().subagents(run)) {
      if (!subagent.ended()) {
        WorkflowExecution execution =
            execution(SubagentWorkflow.workflowId(run, epoch, subagent.agent()));
        try {
          takeOver(execution, describe(execution).getPendingActivitiesList());
        } catch (StatusRuntimeException e) {
          if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
            throw e;
          }
          // It is about to begin, or is of an epoch that was rolled back.
        }
      }
    }
  }

  /** Accepted, and its workflow was not started before the service died: it is started now. */
  private void missing(String run, Bodies.Run now, RunQueries.Started started) {
    if (now.status() == RunStatus.QUEUED) {
      control.start(run);
      signalUnread(run);
    } else {
      // It may be the wrong Temporal, or an older copy of its database: nothing is ended for that.
      strangers.add(run);
    }
  }

  /** Runs at work here that Temporal does not know; a person can cancel them. */
  int unknownToTemporal() {
    return strangers.size();
  }

  /** A raise that was logged, and perhaps not signalled before the service died. */
  private void signalRaise(String run, Bodies.Run now) {
    if (!"budget".equals(now.waitingFor())) {
      return;
    }
    long raised = 0;
    long after = 0;
    Bodies.Events page;
    do {
      page = store.queries().events(Access.system(), run, after, 1_000, MONEY);
      for (LoggedEvent event : page.items()) {
        boolean waits =
            event.type().equals("run.paused") && "budget".equals(event.data().get("reason"));
        raised = event.type().equals("budget.raised") ? event.seq() : waits ? 0 : raised;
        after = event.seq();
      }
    } while (!page.items().isEmpty());
    if (raised > 0) {
      control.budgetRaised(run, "helm", "raised-" + raised);
    }
  }

  /** A call that cost more than was held stops its run, also when the service died in between. */
  private void pauseOverdrawn(String run) {
    for (String reservation : ledger.overdrawn(run)) {
      if (!signalled.contains(reservation)) {
        control.pause(run, "helm", "over-" + reservation);
        signalled.add(reservation);
      }
    }
  }

  private void takeOver(WorkflowExecution execution, List<PendingActivityInfo> pending) {
    temporal
        .blockingStub()
        .resetStickyTaskQueue(
            ResetStickyTaskQueueRequest.newBuilder()
                .setNamespace(namespace)
                .setExecution(execution)
                .build());
    for (PendingActivityInfo activity : pending) {
      boolean ofFormerLife =
          activity.getState() == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
              && !activity.getLastWorkerIdentity().equals(identity);
      if (ofFormerLife) {
        failNow(execution, activity.getActivityId());
      }
    }
  }

  private void failNow(WorkflowExecution execution, String activityId) {
    try {
      temporal
          .blockingStub()
          .respondActivityTaskFailedById(
              RespondActivityTaskFailedByIdRequest.newBuilder()
                  .setNamespace(namespace)
                  .setWorkflowId(execution.getWorkflowId())
                  .setActivityId(activityId)
                  .setIdentity(identity)
                  .setFailure(
                      Failure.newBuilder()
                          .setMessage("the service was restarted")
                          .setApplicationFailureInfo(
                              ApplicationFailureInfo.newBuilder().setType("Restarted")))
                  .build());
    } catch (StatusRuntimeException e) {
      // It ended in the meantime.
      LOG.debug("activity {} of {} is over", activityId, execution.getWorkflowId());
    }
  }

  /** Each message once in this life: a paused run may leave it unread for days. */
  private void signalUnread(String run) {
    for (Bodies.Message message : store.messages().list(Access.system(), run)) {
      if (message.state().equals("queued") && !signalled.contains(message.id())) {
        // The workflow counts a message once, however often it hears of it.
        control.message(run, message.id(), message.when());
        signalled.add(message.id());
      }
    }
  }

  private void ended(String run, RunQueries.Started started, String reason) {
    LOG.warn("run {} has failed: {}", run, reason);
    store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "e" + started.epoch() + "/main/lost",
                    "main",
                    new RunEvent.RunFinished("failed", reason, null))));
  }
}
