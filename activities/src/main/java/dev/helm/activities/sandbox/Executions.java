package dev.helm.activities.sandbox;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Makes {@link Execution}s. */
final class Executions {
  private Executions() {}

  static Execution lost(String why, boolean mayHaveRun) {
    return new Fixed(
        CompletableFuture.completedFuture(new EffectOutcome.Lost(why, mayHaveRun)), () -> {});
  }

  static Execution attended(EffectHandle handle, boolean reattached) {
    CompletableFuture<EffectOutcome> outcome =
        handle
            .exit()
            .handle(
                (exit, failure) -> {
                  if (failure == null) {
                    return new EffectOutcome.Ended(exit, reattached);
                  }
                  Throwable cause =
                      failure instanceof CompletionException && failure.getCause() != null
                          ? failure.getCause()
                          : failure;
                  if (cause instanceof SandboxLost lost) {
                    return new EffectOutcome.Lost(String.valueOf(lost.getMessage()), true);
                  }
                  throw new CompletionException(cause);
                });
    return new Fixed(outcome, handle::acknowledge);
  }

  static Execution of(CompletableFuture<EffectOutcome> outcome, Runnable onAcknowledge) {
    return new Fixed(outcome, onAcknowledge);
  }

  private record Fixed(CompletableFuture<EffectOutcome> outcome, Runnable onAcknowledge)
      implements Execution {
    @Override
    public void acknowledge() {
      onAcknowledge.run();
    }
  }
}
