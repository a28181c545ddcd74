package dev.helm.service.run;

import dev.helm.api.Sha256;
import dev.helm.service.audit.Exports;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.Store;
import dev.helm.service.store.Times;
import dev.helm.workflows.AgentRunWorkflow;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.history.v1.WorkflowExecutionStartedEventAttributes;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.common.WorkflowExecutionHistory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the histories of workflows, since Temporal forgets what has ended after its retention time,
 * in the dev server after a day. Each execution is kept once it has ended: those that a long run
 * left by continue-as-new while it goes on, the last one and the children's when it ends.
 */
final class HistoryArchive implements Exports.Histories {
  private static final Logger LOG = LoggerFactory.getLogger(HistoryArchive.class);
  private static final int RUNS_EACH_ROUND = 20;
  private static final int WORKFLOWS_MAX = 1_000;
  private static final int EXECUTIONS_MAX = 10_000;
  private static final int JSON_CHARS_MAX = 200_000_000;

  private static final Set<EventType> ENDS =
      Set.of(
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW);

  private final WorkflowClient client;
  private final Store store;
  private final BundleStore bundles;
  private final Clock clock;

  HistoryArchive(WorkflowClient client, Store store, Clock clock) {
    this.client = client;
    this.store = store;
    this.bundles = store.bundles();
    this.clock = clock;
  }

  /** Archives what has ended; tried again in the next round, also by a later life. */
  void round() {
    bundles.unarchived(RUNS_EACH_ROUND).forEach(run -> archiveQuietly(run, true));
  }

  /** Archives what runs at work have left behind by continue-as-new. */
  void roundOfActive() {
    store.queries().activeRunIds().forEach(run -> archiveQuietly(run, false));
  }

  @Override
  public void bringUpToDate(String run) {
    archiveQuietly(run, false);
  }

  private void archiveQuietly(String run, boolean ended) {
    try {
      archive(run, ended);
    } catch (StatusRuntimeException e) {
      LOG.info("the history of run {} waits for Temporal: {}", run, e.getStatus().getCode());
    } catch (RuntimeException e) {
      LOG.warn("the history of run {} could not be kept: {}", run, e.toString());
    }
  }

  private synchronized void archive(String run, boolean ended) {
    BundleStore.About about = bundles.about(run);
    if (about == null) {
      return;
    }
    Set<String> known =
        bundles.archived(run).stream()
            .map(BundleStore.Archived::workflow)
            .collect(Collectors.toSet());
    Set<String> kept =
        bundles.histories(run).stream()
            .map(BundleStore.History::execution)
            .collect(Collectors.toCollection(HashSet::new));
    for (int epoch = 1; epoch <= about.epoch(); epoch++) {
      String workflow = AgentRunWorkflow.workflowId(run, epoch);
      if (!known.contains(workflow)) {
        boolean over = ended || epoch < about.epoch();
        chain(run, workflow, over, kept, new HashSet<>(known));
      }
    }
  }

  /** Keeps a workflow's executions from the newest back, then those of its children. */
  private void chain(
      String run, String workflow, boolean over, Set<String> kept, Set<String> visited) {
    if (!visited.add(workflow) || visited.size() > WORKFLOWS_MAX) {
      return;
    }
    String execution = "";
    boolean whole = true;
    for (int i = 0; i < EXECUTIONS_MAX; i++) {
      WorkflowExecutionHistory history;
      try {
        history =
            execution.isEmpty()
                ? client.fetchHistory(workflow)
                : client.fetchHistory(workflow, execution);
      } catch (StatusRuntimeException | WorkflowNotFoundException e) {
        if (!notFound(e)) {
          throw e;
        }
        if (over) {
          bundles.archived(run, workflow, "Temporal no longer had it when it was to be kept");
        }
        return;
      }
      List<HistoryEvent> events = history.getEvents();
      WorkflowExecutionStartedEventAttributes start =
          events.getFirst().getWorkflowExecutionStartedEventAttributes();
      boolean closed = ENDS.contains(events.getLast().getEventType());
      whole &= closed;
      if (closed && kept.add(start.getOriginalExecutionRunId())) {
        keep(run, workflow, start.getOriginalExecutionRunId(), history);
        children(run, events, kept, visited);
      }
      execution = start.getContinuedExecutionRunId();
      if (execution.isEmpty() || kept.contains(execution)) {
        break;
      }
    }
    if (whole) {
      bundles.archived(run, workflow, null);
    }
  }

  private void children(
      String run, List<HistoryEvent> events, Set<String> kept, Set<String> visited) {
    for (HistoryEvent event : events) {
      if (event.hasChildWorkflowExecutionStartedEventAttributes()) {
        String child =
            event
                .getChildWorkflowExecutionStartedEventAttributes()
                .getWorkflowExecution()
                .getWorkflowId();
        chain(run, child, true, kept, visited);
      }
    }
  }

  private static boolean notFound(RuntimeException e) {
    return e instanceof WorkflowNotFoundException
        || (e instanceof StatusRuntimeException answer
            && answer.getStatus().getCode() == Status.Code.NOT_FOUND);
  }

  private void keep(
      String run, String workflow, String execution, WorkflowExecutionHistory history) {
    String json = history.toJson(false);
    if (json.length() > JSON_CHARS_MAX) {
      LOG.warn("a history of run {} is too large to be kept", run);
      return;
    }
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream packed = new ByteArrayOutputStream(bytes.length / 8 + 1024);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bundles.keep(
        run,
        new BundleStore.History(
            workflow, execution, Times.text(clock.instant()), bytes.length, Sha256.hex(bytes)),
        packed.toByteArray());
  }
}
