package dev.helm.service.bench;

import dev.helm.workflows.HelmJson;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.List;

/** A client and a worker with the options of {@code LiveBackend}. */
final class Workers implements AutoCloseable {
  final WorkflowClient client;
  private final WorkflowServiceStubs stubs;
  private final WorkerFactory factory;

  Workers(String address, String queue, List<Class<?>> workflows, Object... activities) {
    stubs =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(address).build());
    client =
        WorkflowClient.newInstance(
            stubs,
            WorkflowClientOptions.newBuilder().setDataConverter(HelmJson.dataConverter()).build());
    factory =
        WorkerFactory.newInstance(
            client,
            WorkerFactoryOptions.newBuilder()
                .setWorkflowCacheSize(600)
                .setUsingVirtualWorkflowThreads(true)
                .build());
    Worker worker =
        factory.newWorker(
            queue,
            WorkerOptions.newBuilder()
                .setMaxConcurrentActivityExecutionSize(256)
                .setUsingVirtualThreadsOnActivityWorker(true)
                .setDefaultHeartbeatThrottleInterval(Duration.ofMillis(400))
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(400))
                .build());
    worker.registerWorkflowImplementationTypes(workflows.toArray(new Class<?>[0]));
    worker.registerActivitiesImplementations(activities);
    factory.start();
  }

  @Override
  public void close() {
    factory.shutdownNow();
    stubs.shutdownNow();
  }
}
