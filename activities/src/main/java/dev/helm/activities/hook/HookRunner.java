package dev.helm.activities.hook;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs one hook's program where the agent cannot reach it. */
@FunctionalInterface
public interface HookRunner {
  /** Most of a hook's output that is read, in bytes. */
  int OUTPUT_BYTES_MAX = 256 * 1024;

  /**
   * Runs it to its end, at most for its time.
   *
   * @param input what it reads
   * @param stopped whether a person has interrupted; looked at now and then
   * @throws dev.helm.activities.sandbox.EngineUnavailable when it may be tried again later
   */
  Output run(String run, Blueprint blueprint, Hook hook, byte[] input, BooleanSupplier stopped);

  /**
   * Runs a tool's command to its end where it can only read, as {@link #run} does a hook.
   *
   * @param timeoutMs longest time
   */
  default Output read(
      String run,
      List<String> command,
      Map<String, String> env,
      long timeoutMs,
      byte[] input,
      BooleanSupplier stopped) {
    return Output.broken("there is no container engine to run it");
  }

  /** Where no container is, every hook is broken, and so blocks. */
  static HookRunner none() {
    return (run, blueprint, hook, input, stopped) ->
        Output.broken("there is no container engine to run it");
  }

  /**
   * How a hook ended; all of it is foreign.
   *
   * @param code its exit code
   * @param out what it printed, whole
   * @param words the end of what it complained of
   * @param broken why it did not come to an end of its own; null when it did
   */
  record Output(int code, byte[] out, String words, @Nullable String broken) {
    /** It did not come to an end of its own. */
    public static Output broken(String why) {
      return new Output(-1, new byte[0], "", why);
    }
  }
}
