package dev.helm.activities.sandbox;

import com.github.dockerjava.api.exception.DockerException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Gives each engine call a deadline of its own: a stuck container start can hang for minutes. */
final class EngineCalls {
  private EngineCalls() {}

  /**
   * Runs a call on a virtual thread.
   *
   * @throws EngineUnavailable no connection or no answer in time
   * @throws DockerException what the engine answered
   */
  static <T> T call(String what, Duration deadline, Callable<T> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Thread caller =
        Thread.ofVirtual()
            .name("engine-" + what)
            .start(
                () -> {
                  try {
                    answer.complete(call.call());
                  } catch (Throwable e) {
                    answer.completeExceptionally(e);
                  }
                });
    try {
      return answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      caller.interrupt();
      throw new EngineUnavailable(
          "the container engine did not " + what + " within " + deadline.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      caller.interrupt();
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while the engine was to " + what, e);
    } catch (ExecutionException e) {
      throw translate(what, e.getCause() == null ? e : e.getCause());
    }
  }

  private static RuntimeException translate(String what, Throwable cause) {
    if (cause instanceof DockerException || cause instanceof SandboxException) {
      return (RuntimeException) cause;
    }
    return new EngineUnavailable(
        "the container engine cannot be reached to " + what + ": " + rootMessage(cause), cause);
  }

  private static String rootMessage(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }
}
