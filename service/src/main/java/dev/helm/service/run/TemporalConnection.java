package dev.helm.service.run;

import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ScheduledStartImpl;
import dev.helm.workflows.SubagentWorkflowImpl;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.RpcRetryOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;

/** How this service speaks to Temporal: its waits, its data, the size of its worker. */
final class TemporalConnection {
  static final String NAMESPACE = "default";

  private static final int ACTIVITIES_MAX = 256;
  private static final int WORKFLOWS_CACHED = 600;

  private TemporalConnection() {}

  /** Connects lazily: nobody needs to listen at the address yet. */
  static WorkflowServiceStubs stubs(String address) {
    return WorkflowServiceStubs.newServiceStubs(
        WorkflowServiceStubsOptions.newBuilder()
            .setTarget(address)
            .setRpcTimeout(Duration.ofSeconds(5))
            .setHealthCheckTimeout(Duration.ofSeconds(1))
            .setConnectionBackoffResetFrequency(Duration.ofSeconds(1))
            .setRpcRetryOptions(
                RpcRetryOptions.newBuilder()
                    .setInitialInterval(Duration.ofMillis(50))
                    .setMaximumInterval(Duration.ofMillis(500))
                    .setExpiration(Duration.ofSeconds(8))
                    .validateBuildWithDefaults())
            .build());
  }

  /** A client that Temporal knows under an identity. */
  static WorkflowClient client(WorkflowServiceStubs stubs, String identity) {
    return WorkflowClient.newInstance(
        stubs,
        WorkflowClientOptions.newBuilder()
            .setNamespace(NAMESPACE)
            .setIdentity(identity)
            .setDataConverter(HelmJson.dataConverter())
            .build());
  }

  /** A worker with Helm's workflows and these activities; it polls only once it is started. */
  static WorkerFactory workers(WorkflowClient client, Object... activities) {
    WorkerFactory factory =
        WorkerFactory.newInstance(
            client,
            WorkerFactoryOptions.newBuilder()
                .setWorkflowCacheSize(WORKFLOWS_CACHED)
                .setUsingVirtualWorkflowThreads(true)
                .build());
    Worker worker =
        factory.newWorker(
            AgentRunWorkflow.TASK_QUEUE,
            WorkerOptions.newBuilder()
                .setMaxConcurrentActivityExecutionSize(ACTIVITIES_MAX)
                .setUsingVirtualThreadsOnActivityWorker(true)
                // An interrupt reaches a running activity with its next beat.
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(400))
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(400))
                .build());
    worker.registerWorkflowImplementationTypes(
        AgentRunWorkflowImpl.class, SubagentWorkflowImpl.class, ScheduledStartImpl.class);
    worker.registerActivitiesImplementations(activities);
    return factory;
  }
}
