package dev.helm.workflows.replay;

import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.SubagentWorkflowImpl;
import io.temporal.api.common.v1.Payload;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptorBase;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptorBase;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs a history again with the workflow's code, without a server: signals and the activities'
 * results come from the history, and what the code asks for is written down.
 */
final class Rerun implements AutoCloseable {
  /** The workflows of this build. */
  private static final Class<?>[] WORKFLOWS = {
    AgentRunWorkflowImpl.class, SubagentWorkflowImpl.class
  };

  /** Nothing listens there, and nothing is sent: {@link NoServer} answers. */
  private static final String NOWHERE = "127.0.0.1:1";

  private final WorkflowServiceStubs stubs =
      WorkflowServiceStubs.newServiceStubs(
          WorkflowServiceStubsOptions.newBuilder()
              .setTarget(NOWHERE)
              .setGrpcClientInterceptors(List.of(new NoServer()))
              .build());
  private final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());
  private final Worker worker;

  /** An activity that the code asked for. */
  record Asked(String type, List<@Nullable Object> arguments) {}

  Rerun() {
    WorkflowClient client =
        WorkflowClient.newInstance(
            stubs,
            WorkflowClientOptions.newBuilder().setDataConverter(HelmJson.dataConverter()).build());
    WorkerFactory factory =
        WorkerFactory.newInstance(
            client,
            WorkerFactoryOptions.newBuilder().setWorkerInterceptors(new Listening()).build());
    this.worker = factory.newWorker(AgentRunWorkflow.TASK_QUEUE);
    worker.registerWorkflowImplementationTypes(WORKFLOWS);
  }

  /**
   * Runs it.
   *
   * @return what the code asked for, in order
   * @throws Exception when the code takes another way than the history
   */
  List<Asked> run(WorkflowExecutionHistory history) throws Exception {
    asked.clear();
    worker.replayWorkflowExecution(history);
    return List.copyOf(asked);
  }

  private final class Listening extends WorkerInterceptorBase {
    @Override
    public WorkflowInboundCallsInterceptor interceptWorkflow(WorkflowInboundCallsInterceptor next) {
      return new WorkflowInboundCallsInterceptorBase(next) {
        @Override
        public void init(WorkflowOutboundCallsInterceptor outbound) {
          super.init(new Outbound(outbound));
        }
      };
    }
  }

  private final class Outbound extends WorkflowOutboundCallsInterceptorBase {
    Outbound(WorkflowOutboundCallsInterceptor next) {
      super(next);
    }

    @Override
    public <R> ActivityOutput<R> executeActivity(ActivityInput<R> input) {
      List<@Nullable Object> arguments = new ArrayList<>();
      for (Object argument : input.getArgs()) {
        arguments.add(tree(argument));
      }
      asked.add(new Asked(input.getActivityName(), arguments));
      return super.executeActivity(input);
    }
  }

  /** A value as it would travel. */
  private static @Nullable Object tree(@Nullable Object value) {
    Payload payload =
        HelmJson.dataConverter()
            .toPayload(value)
            .orElseThrow(() -> new IllegalStateException("a value without a payload"));
    return Payloads.tree(payload);
  }

  @Override
  public void close() {
    stubs.shutdownNow();
    stubs.awaitTermination(1, TimeUnit.SECONDS);
  }
}
