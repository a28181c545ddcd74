package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.practice.PracticeModel;
import dev.helm.api.RunId;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.Settings;
import dev.helm.service.rest.Backend;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
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
      Backend backend = LiveBackend.open(settings(home, temporal, model.port()), store, hub);
      backend.start();
      String run = create(store);
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
    assertThat(status(store, run)).isEqualTo(RunStatus.SUCCEEDED);
  }

  private static String create(Store store) {
    Blueprint blueprint =
        new Blueprint(
            "long",
            "",
            "default",
            "native",
            new Blueprint.Model("claude-sonnet-4-5", 1_000),
            "This is a long run.",
            "Go on until you are told to stop.",
            Map.of(),
            List.of("Bash"),
            new Blueprint.Permissions(List.of("Bash(forbidden*)"), List.of(), List.of(), 60_000, 1),
            new Blueprint.Budget(Usd.parse("5"), List.of(50)),
            new Blueprint.Limits(TURNS + 1, TimeUnit.HOURS.toMillis(8)),
            new Blueprint.Egress(List.of()),
            new Blueprint.Sandbox("default", 1L << 30, 1_000, 256));
    Blueprint.Stored stored = store.blueprints().put(Access.system(), blueprint, "test").stored();
    String run = RunId.random().value();
    store
        .queries()
        .create(
            new RunQueries.NewRun(
                run,
                "long",
                stored,
                "u1",
                "test",
                Usd.parse("5"),
                Map.of(),
                "{}",
                null,
                true,
                null));
    return run;
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
    while (status(store, run).active()) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private static RunStatus status(Store store, String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).status();
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

  private static Settings settings(Path home, TemporalServer temporal, int modelPort) {
    return new Settings(
        home,
        "127.0.0.1",
        4356,
        temporal.address(),
        "",
        "http://127.0.0.1:" + modelPort,
        true,
        "",
        "");
  }
}
