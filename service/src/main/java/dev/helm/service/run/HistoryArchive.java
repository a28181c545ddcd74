package dev.helm.service.run;

import dev.helm.service.audit.Exports;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.Store;
import dev.helm.workflows.AgentRunWorkflow;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.common.WorkflowExecutionHistory;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
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
  private static final int JSON_CHARS_MAX = 200_000_000;
  private static final int LINKS_MAX = 10_000;
  private static final int EXPORT_WAIT_MS = 15_000;

  private final HistoryWalk.Source source;
  private final Store store;
  private final BundleStore bundles;
  private final Clock clock;
  private final int charsMax;
  private final Map<String, CompletableFuture<Void>> asked = new ConcurrentHashMap<>();
  private final Map<String, HistoryWalk.Link> links =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HistoryWalk.Link> eldest) {
          return size() > LINKS_MAX;
        }
      };
  private String after = "";

  HistoryArchive(WorkflowClient client, Store store, Clock clock) {
    this((workflow, execution) -> fetch(client, workflow, execution), store, clock, JSON_CHARS_MAX);
  }

  HistoryArchive(HistoryWalk.Source source, Store store, Clock clock, int charsMax) {
    this.source = source;
    this.store = store;
    this.bundles = store.bundles();
    this.clock = clock;
    this.charsMax = charsMax;
  }

  private static @Nullable WorkflowExecutionHistory fetch(
      WorkflowClient client, String workflow, String execution) {
    try {
      return execution.isEmpty()
          ? client.fetchHistory(workflow)
          : client.fetchHistory(workflow, execution);
    } catch (WorkflowNotFoundException e) {
      return null;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  /**
   * Archives what has ended, some runs at a time; those that have to wait come again when all
   * others had their turn, also in a later life.
   */
  synchronized void round() {
    List<String> runs = bundles.unarchived(after, RUNS_EACH_ROUND);
    after = runs.size() < RUNS_EACH_ROUND ? "" : runs.getLast();
    runs.forEach(run -> archiveQuietly(run, true));
  }

  /** Archives what runs at work have left behind by continue-as-new. */
  void roundOfActive() {
    store.queries().activeRunIds().forEach(run -> archiveQuietly(run, false));
  }

  @Override
  public void bringUpToDate(String run) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    CompletableFuture<Void> before = asked.putIfAbsent(run, done);
    if (before == null) {
      Thread.ofVirtual()
          .name("history-of-" + run)
          .start(
              () -> {
                archiveQuietly(run, false);
                asked.remove(run);
                done.complete(null);
              });
    }
    try {
      (before == null ? done : before).get(EXPORT_WAIT_MS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.info("the export of run {} does not wait for its newest histories", run);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
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
    HistoryWalk walk = new HistoryWalk(run, source, bundles, clock, charsMax, links);
    for (int epoch = 1; epoch <= about.epoch(); epoch++) {
      walk.workflow(AgentRunWorkflow.workflowId(run, epoch), ended || epoch < about.epoch());
    }
  }
}
