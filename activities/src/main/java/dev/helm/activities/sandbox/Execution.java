package dev.helm.activities.sandbox;

import java.util.concurrent.CompletableFuture;

/** An attempt that is under way. */
public interface Execution {
  /**
   * How it ended. Fails with {@link SandboxRefused}, {@link EngineUnavailable} or what the sink
   * threw; the loss of the container is an outcome and not a failure.
   */
  CompletableFuture<EffectOutcome> outcome();

  /** To be called once the outcome is durable. */
  void acknowledge();
}
