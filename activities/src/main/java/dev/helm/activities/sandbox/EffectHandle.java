package dev.helm.activities.sandbox;

import java.util.concurrent.CompletableFuture;

/** A running effect, as one attendant sees it. */
public interface EffectHandle {
  /** The effect's key. */
  String key();

  /**
   * Completes when the command has ended and the sink has taken all its output. Fails with {@link
   * SandboxLost}, {@link SandboxRefused} or {@link EngineUnavailable}, or with what the sink threw.
   */
  CompletableFuture<EffectExit> exit();

  /** To be called once the exit is durable: the executor then forgets all but the key. */
  void acknowledge();

  /** Ends the command: TERM, or at once and with all its processes if {@code hard}. */
  void kill(boolean hard);
}
