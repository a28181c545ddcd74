package dev.helm.workflows.replay;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.temporal.api.workflowservice.v1.GetSystemInfoResponse;
import io.temporal.api.workflowservice.v1.WorkflowServiceGrpc;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a server: the replay asks one for its abilities, and nothing else. No packet leaves.
 */
final class NoServer implements ClientInterceptor {
  /** What the SDK records of itself in a history counts in the replay too. */
  private static final GetSystemInfoResponse ABILITIES =
      GetSystemInfoResponse.newBuilder()
          .setCapabilities(
              GetSystemInfoResponse.Capabilities.newBuilder()
                  .setSdkMetadata(true)
                  .setSignalAndQueryHeader(true)
                  .setInternalErrorDifferentiation(true)
                  .setActivityFailureIncludeHeartbeat(true)
                  .setEncodedFailureAttributes(true)
                  .setEagerWorkflowStart(true))
          .build();

  private static <R> R answer(MethodDescriptor<?, R> method) {
    return method.parseResponse(ABILITIES.toByteString().newInput());
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new ClientCall<>() {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        listener.onHeaders(new Metadata());
        if (method
            .getFullMethodName()
            .equals(WorkflowServiceGrpc.getGetSystemInfoMethod().getFullMethodName())) {
          listener.onMessage(answer(method));
          listener.onClose(Status.OK, new Metadata());
        } else {
          listener.onClose(Status.UNIMPLEMENTED, new Metadata());
        }
      }

      @Override
      public void request(int count) {}

      @Override
      public void cancel(@Nullable String message, @Nullable Throwable cause) {}

      @Override
      public void halfClose() {}

      @Override
      public void sendMessage(Q message) {}
    };
  }
}
