package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.rest.RunControl;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.RpcRetryOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that was stored while Temporal was away. */
class ReconcilerTest {
  private static final WorkflowClientOptions CLIENT =
      WorkflowClientOptions.newBuilder().setDataConverter(HelmJson.dataConverter()).build();

  @TempDir Path home;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.close();
  }

  private TemporalRunControl control(WorkflowClient client) throws IOException {
    return new TemporalRunControl(
        client, store, new Ledger(store, PriceTable.load(home)), blueprint -> null);
  }

  private Reconciler reconciler(WorkflowServiceStubs stubs, TemporalRunControl control) {
    return new Reconciler(
        stubs, "default", "this-life", store, new Ledger(store, PriceTable.load(home)), control);
  }

  private RunStatus status(String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).status();
  }

  @Test
  void aRunThatWasStoredWhileTemporalWasAwayIsStartedOnceWhenItIsBack() throws Exception {
    String run = StoreFixture.run(store);
    store.messages().queue(run, "m1", "go left", "next", "ann");
    WorkflowServiceStubs nobody = nobody();
    try {
      TemporalRunControl control = control(WorkflowClient.newInstance(nobody, CLIENT));
      // What the POST meets: 503, with the run in the store.
      assertThatThrownBy(() -> control.start(run)).isInstanceOf(RunControl.WorkflowsDown.class);
      // A round without Temporal is no round: whoever asked for it asks again.
      assertThatThrownBy(() -> reconciler(nobody, control).reconcile(true))
          .isInstanceOf(StatusRuntimeException.class);
      assertThat(status(run)).isEqualTo(RunStatus.QUEUED);
    } finally {
      nobody.shutdownNow();
    }
    try (TestWorkflowEnvironment env =
        TestWorkflowEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder().setWorkflowClientOptions(CLIENT).build())) {
      WorkflowClient client = env.getWorkflowClient();
      Reconciler back = reconciler(env.getWorkflowServiceStubs(), control(client));
      back.reconcile(false);
      assertThat(history(client, run))
          .containsOnlyOnce(
              EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
              EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
      back.reconcile(false);
      assertThat(history(client, run))
          .containsOnlyOnce(
              EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
              EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
      assertThat(status(run)).isEqualTo(RunStatus.QUEUED);
    }
  }

  @Test
  void aRunThatTemporalDoesNotKnowIsKeptUntilAPersonEndsIt() throws Exception {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(new Fact("started", "main", new RunEvent.RunStarted(1, null))));
    try (TestWorkflowEnvironment env =
        TestWorkflowEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder().setWorkflowClientOptions(CLIENT).build())) {
      TemporalRunControl control = control(env.getWorkflowClient());
      Reconciler reconciler = reconciler(env.getWorkflowServiceStubs(), control);
      reconciler.reconcile(false);
      // It may be the wrong Temporal: nothing is ended by itself.
      assertThat(status(run)).isEqualTo(RunStatus.RUNNING);
      assertThat(reconciler.unknownToTemporal()).isEqualTo(1);
      control.cancel(run, "ann", "c1");
      assertThat(status(run)).isEqualTo(RunStatus.CANCELLED);
    }
  }

  private static List<EventType> history(WorkflowClient client, String run) {
    return client
        .fetchHistory(AgentRunWorkflow.workflowId(run, 1))
        .getHistory()
        .getEventsList()
        .stream()
        .map(HistoryEvent::getEventType)
        .toList();
  }

  /** A server that is not there. */
  private static WorkflowServiceStubs nobody() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    return WorkflowServiceStubs.newServiceStubs(
        WorkflowServiceStubsOptions.newBuilder()
            .setTarget("127.0.0.1:" + port)
            .setRpcTimeout(Duration.ofSeconds(2))
            .setRpcRetryOptions(
                RpcRetryOptions.newBuilder()
                    .setExpiration(Duration.ofSeconds(1))
                    .validateBuildWithDefaults())
            .build());
  }
}
