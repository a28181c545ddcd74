package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.practice.PracticeModel;
import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.rest.Backend;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import dev.helm.workflows.AgentRunWorkflow;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run of 1,000 turns with the real Temporal server, store, worker and practice model: the log is
 * whole, and the workflow has crossed continue-as-new.
 */
@Tag("engine")
class ThousandTurnsTest {
  private static final int TURNS = 1_000;

  @Test
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void aThousandTurnsLeaveAWholeLog(@TempDir Path home) throws Exception {
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    Path scenarios = Path.of("src/test/resources/longrun");
    try (PracticeModel model = PracticeModel.start(0, List.of(scenarios), false);
        TemporalServer temporal = TemporalServer.start(home);
        Store store = Store.open(home, Clock.systemUTC());
        StreamHub hub = new StreamHub(store)) {
      Backend backend =
          LiveBackend.open(LongRun.settings(home, temporal, model.port()), store, hub);
      backend.start();
      String run = LongRun.create(store, TURNS + 1);
      startWhenReady(backend, run);
      awaitEnd(store, run);
      backend.close();
      check(store, run);
      assertThat(historyEvents(temporal, run)).isLessThan(10_000);
    }
  }

  private static void check(Store store, String run) {
    List<LoggedEvent> log = new ArrayList<>();
    Bodies.Events page;
    do {
      page = store.queries().events(Access.system(), run, log.size(), 1_000, Set.of());
      log.addAll(page.items());
    } while (!page.items().isEmpty());
    Map<String, Integer> types = new HashMap<>();
    String prev = LoggedEvent.NO_PREV;
    for (int i = 0; i < log.size(); i++) {
      LoggedEvent event = log.get(i);
      assertThat(event.seq()).isEqualTo(i + 1);
      assertThat(event.prev()).isEqualTo(prev);
      assertThat(event.computedHash()).isEqualTo(event.hash());
      prev = event.hash();
      types.merge(event.type(), 1, Integer::sum);
    }
    assertThat(types)
        .containsEntry("run.created", 1)
        .containsEntry("run.started", 1)
        .containsEntry("turn.started", TURNS)
        .containsEntry("model.message", TURNS)
        .containsEntry("tool.requested", TURNS - 1)
        .containsEntry("tool.blocked", TURNS - 1)
        .containsEntry("run.finished", 1)
        .doesNotContainKey("tool.started");
    assertThat(LongRun.status(store, run)).isEqualTo(RunStatus.SUCCEEDED);
    billGrowsLinearly(log);
  }

  /** What is not read from the model's cache is new; each turn adds the same. */
  private static void billGrowsLinearly(List<LoggedEvent> log) {
    List<Long> billed =
        log.stream()
            .filter(event -> event.type().equals("model.message"))
            .map(event -> event.data())
            .map(
                data ->
                    tokens(data, "inputTokens")
                        + tokens(data, "cacheWriteTokens")
                        + tokens(data, "outputTokens"))
            .toList();
    long first = billed.subList(0, 100).stream().mapToLong(Long::longValue).sum();
    long last = billed.subList(TURNS - 100, TURNS).stream().mapToLong(Long::longValue).sum();
    System.out.println("tokens billed: first 100 turns " + first + ", last 100 turns " + last);
    assertThat(last).isLessThanOrEqualTo(first * 11 / 10);
  }

  private static long tokens(Map<String, Object> data, String name) {
    return ((Number) Objects.requireNonNull(data.get(name), name)).longValue();
  }

  /** The first call may meet a server that has not opened its port yet. */
  private static void startWhenReady(Backend backend, String run) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        backend.control().start(run);
        return;
      } catch (RuntimeException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  private static void awaitEnd(Store store, String run) throws InterruptedException {
    while (LongRun.status(store, run).active()) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private static long historyEvents(TemporalServer temporal, String run) {
    WorkflowServiceStubs stubs =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(temporal.address()).build());
    try {
      return stubs
          .blockingStub()
          .describeWorkflowExecution(
              DescribeWorkflowExecutionRequest.newBuilder()
                  .setNamespace("default")
                  .setExecution(
                      WorkflowExecution.newBuilder()
                          .setWorkflowId(AgentRunWorkflow.workflowId(run, 1)))
                  .build())
          .getWorkflowExecutionInfo()
          .getHistoryLength();
    } finally {
      stubs.shutdownNow();
    }
  }
}
