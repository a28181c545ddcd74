package dev.helm.service.run;

import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.rest.RunControl;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunEndedException;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentSignals;
import dev.helm.workflows.Fact;
import dev.helm.workflows.RunStart;
import dev.helm.workflows.Signals;
import dev.helm.workflows.SubagentWorkflow;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.BatchRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowServiceException;
import io.temporal.client.WorkflowStub;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries what people do to the run's workflow as signals, which Temporal keeps even while no
 * worker is up. Each carries the id that its sender made, so that sending twice counts once.
 */
final class TemporalRunControl implements RunControl {
  /** How long a run waits for money before it fails; the inbox shows the same. */
  private static final Duration BUDGET_WAIT = Duration.ofHours(26);

  private static final Logger LOG = LoggerFactory.getLogger(TemporalRunControl.class);

  /** Longest that a leaving workflow takes to end what runs. */
  private static final Duration LEAVE = Duration.ofSeconds(20);

  private final WorkflowClient client;
  private final Store store;
  private final Ledger ledger;
  private final Function<Blueprint, @Nullable String> image;

  /**
   * @param image id of the image that a blueprint's containers are made from, null for none
   */
  TemporalRunControl(
      WorkflowClient client,
      Store store,
      Ledger ledger,
      Function<Blueprint, @Nullable String> image) {
    this.client = client;
    this.store = store;
    this.ledger = ledger;
    this.image = image;
  }

  @Override
  public void start(String run) {
    RunQueries.Started started = started(run);
    AgentRunWorkflow workflow = fresh(run, started);
    RunStart start = startOf(run, started);
    accepted(
        run,
        () -> {
          try {
            WorkflowClient.start(workflow::run, start);
          } catch (WorkflowExecutionAlreadyStarted e) {
            // The same run, started before: that is what was asked for.
          }
        });
  }

  private AgentRunWorkflow fresh(String run, RunQueries.Started started) {
    return client.newWorkflowStub(
        AgentRunWorkflow.class,
        WorkflowOptions.newBuilder()
            .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
            .setWorkflowId(AgentRunWorkflow.workflowId(run, started.epoch()))
            .setWorkflowIdReusePolicy(
                WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
            .build());
  }

  private RunStart startOf(String run, RunQueries.Started started) {
    Blueprint blueprint = started.blueprint().blueprint();
    return new RunStart(
        run,
        started.epoch(),
        blueprint.limits().turns(),
        blueprint.limits().wallTimeMs(),
        BUDGET_WAIT.toMillis(),
        store.epochs().start(run, started.epoch()),
        image.apply(blueprint));
  }

  @Override
  public void decide(String run, Signals.Decide decision) {
    asker(run, decision.permissionId(), agent -> agent.decide(decision));
  }

  @Override
  public void answer(String run, String questionId, String answer, String by, String requestId) {
    Signals.Answer signal = new Signals.Answer(requestId, questionId, answer, by);
    asker(run, questionId, agent -> agent.answer(signal));
  }

  @Override
  public void message(String run, String messageId, String when) {
    Signals.Message signal = new Signals.Message(messageId, when.equals("now"));
    accepted(run, () -> workflow(run).message(signal));
  }

  @Override
  public void cancelMessage(String run, String messageId, String by) {
    Signals.CancelMessage signal = new Signals.CancelMessage(messageId, by);
    accepted(run, () -> workflow(run).cancelMessage(signal));
  }

  @Override
  public void pause(String run, String by, String requestId) {
    Signals.Control control = new Signals.Control(requestId, by);
    try {
      accepted(run, () -> workflow(run).pause(control));
    } catch (RunEndedException e) {
      if (!queued(run)) {
        throw e;
      }
      startPaused(run, control);
    }
  }

  private boolean queued(String run) {
    Bodies.Run card = store.queries().run(Access.system(), run);
    return card != null && card.status() == RunStatus.QUEUED;
  }

  /** Stored, and its workflow is not there yet: it begins with the pause. */
  private void startPaused(String run, Signals.Control control) {
    RunQueries.Started started = started(run);
    AgentRunWorkflow workflow = fresh(run, started);
    BatchRequest both = client.newSignalWithStartRequest();
    both.add(workflow::run, startOf(run, started));
    both.add(workflow::pause, control);
    accepted(
        run,
        () -> {
          try {
            client.signalWithStart(both);
          } catch (WorkflowExecutionAlreadyStarted e) {
            throw new RunEndedException("run " + run + " has ended");
          }
        });
  }

  @Override
  public void resume(String run, String by, String requestId) {
    accepted(run, () -> workflow(run).resume(new Signals.Control(requestId, by)));
  }

  @Override
  public void cancel(String run, String by, String requestId) {
    free(run);
    int epoch = started(run).epoch();
    try {
      accepted(run, () -> workflow(run, epoch).cancel(new Signals.Control(requestId, by)));
    } catch (RunEndedException e) {
      endWithoutWorkflow(run, epoch, by);
    }
  }

  @Override
  public Usd raiseBudget(String run, Usd add, String by, String requestId) {
    free(run);
    Usd cap = ledger.raise(run, add, by, requestId);
    budgetRaised(run, by, requestId);
    return cap;
  }

  /** Tells a run that waits for money that its cap was raised. */
  void budgetRaised(String run, String by, String requestId) {
    accepted(run, () -> workflow(run).budgetRaised(new Signals.Control(requestId, by)));
  }

  @Override
  public void free(String run) {
    if (store.epochs().open(run) != null) {
      throw new EpochFailure(
          EpochFailure.Kind.BUSY,
          "the run is being rolled back; try again when that is over",
          null);
    }
  }

  /** Ends an epoch's workflow; see {@link dev.helm.service.files.Leaving}. */
  void leave(String run, int epoch, String by) {
    String id = AgentRunWorkflow.workflowId(run, epoch);
    try {
      // Only asks: while this fails, the workflow was surely told nothing.
      accepted(run, () -> client.newUntypedWorkflowStub(id).describe());
    } catch (RunEndedException e) {
      LOG.debug("workflow {} is over already", id, e);
      return;
    }
    try {
      told(run, id, by);
    } catch (WorkflowsDown | WorkflowServiceException | StatusRuntimeException e) {
      throw new EpochFailure(
          EpochFailure.Kind.LATER,
          "Temporal went away while the run was leaving; the rollback goes on by itself as soon as"
              + " Temporal is back",
          e);
    }
  }

  private void told(String run, String id, String by) {
    try {
      accepted(
          run,
          () ->
              client
                  .newWorkflowStub(AgentRunWorkflow.class, id)
                  .leave(new Signals.Control("leave-" + id, by)));
      WorkflowStub left = client.newUntypedWorkflowStub(id);
      left.getResult(LEAVE.toMillis(), TimeUnit.MILLISECONDS, Void.class);
    } catch (RunEndedException | WorkflowFailedException e) {
      LOG.debug("workflow {} is over already", id, e);
    } catch (TimeoutException e) {
      // What it still does is refused by the log, and its container is removed next.
      accepted(run, () -> client.newUntypedWorkflowStub(id).terminate("the run was rolled back"));
    }
  }

  /** A sub-agent is told directly: Temporal keeps the signal as it does for a run. */
  private void asker(String run, String askId, Consumer<AgentSignals> signal) {
    String agent = store.inbox().agentOf(askId);
    if (agent.equals(AgentRunWorkflow.MAIN)) {
      accepted(run, () -> signal.accept(workflow(run)));
      return;
    }
    free(run);
    String id = SubagentWorkflow.workflowId(run, started(run).epoch(), agent);
    try {
      accepted(run, () -> signal.accept(client.newWorkflowStub(SubagentWorkflow.class, id)));
    } catch (RunEndedException e) {
      // The sub-agent has ended, the run has not: what it asked expires with its end.
      LOG.debug("{} of {} is over, and with it {}", agent, run, askId);
    }
  }

  private AgentRunWorkflow workflow(String run) {
    free(run);
    return workflow(run, started(run).epoch());
  }

  private AgentRunWorkflow workflow(String run, int epoch) {
    return client.newWorkflowStub(AgentRunWorkflow.class, AgentRunWorkflow.workflowId(run, epoch));
  }

  /**
   * Temporal knows no such workflow: if the log says that the run goes on, it ends here. A run that
   * has got another epoch meanwhile goes on.
   */
  private void endWithoutWorkflow(String run, int epoch, String by) {
    store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "e" + epoch + "/main/lost",
                    "main",
                    new RunEvent.RunFinished(
                        "cancelled", "Temporal no longer knew its workflow", by))));
  }

  private RunQueries.Started started(String run) {
    RunQueries.Started started = store.queries().started(run);
    if (started == null) {
      throw new IllegalArgumentException("there is no run " + run);
    }
    return started;
  }

  private static void accepted(String run, Runnable call) {
    try {
      call.run();
    } catch (WorkflowNotFoundException e) {
      throw new RunEndedException("run " + run + " has ended");
    } catch (WorkflowServiceException | StatusRuntimeException e) {
      throw new WorkflowsDown(
          "Temporal does not answer; the launcher restarts it, so try again in a few seconds", e);
    }
  }
}
