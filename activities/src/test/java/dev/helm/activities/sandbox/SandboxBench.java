package dev.helm.activities.sandbox;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * P5: a command in a run's warm container beside ProcessBuilder and an engine exec, interleaved in
 * one run. P6: a claim from the pool beside a cold create and start. Prints one JSON object; the
 * unit is microseconds. Needs HELM_TEST_DOCKER_HOST and HELM_TEST_IMAGE.
 */
public final class SandboxBench {
  private SandboxBench() {}

  /** Arguments: rounds (default 300). */
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
    try (TestEngine machine =
            TestEngine.open(1, List.of(), Workspaces.serviceUid() == 0, WorkspaceLimits.DEFAULT);
        DockerSandbox sandbox = machine.sandbox(machine.store())) {
      String commands = commands(machine, sandbox, rounds);
      String claims = claims(machine, sandbox, Math.max(5, rounds / 20));
      System.out.println("{\"unit\":\"us\",\"P5\":" + commands + ",\"P6\":" + claims + "}");
    }
  }

  private static String commands(TestEngine machine, DockerSandbox sandbox, int rounds)
      throws Exception {
    Slot slot = sandbox.claim(TestEngine.newRun());
    String container = TestEngine.containerOf(slot);
    DockerClient client = machine.engine.client();
    ToolCommand command = ToolCommand.of("/bin/true");
    long[] executor = new long[rounds];
    long[] process = new long[rounds];
    long[] exec = new long[Math.max(5, rounds / 10)];
    for (int i = -rounds / 5; i < rounds; i++) {
      String key = "bench/" + i;
      long ours = timed(() -> throughExecutor(sandbox, slot, key, command));
      long host = timed(() -> new ProcessBuilder("/bin/true").start().waitFor());
      if (i >= 0) {
        executor[i] = ours;
        process[i] = host;
      }
      if (i >= 0 && i < exec.length) {
        exec[i] = timed(() -> throughEngine(client, container));
      }
    }
    sandbox.release(slot.run());
    return String.format(
        Locale.ROOT,
        "{\"executor\":%s,\"processBuilder\":%s,\"engineExec\":%s,\"executorToProcessBuilder\":%.2f,"
            + "\"engineExecToExecutor\":%.1f}",
        spread(executor),
        spread(process),
        spread(exec),
        ratio(executor, process),
        ratio(exec, executor));
  }

  private static Object throughExecutor(
      DockerSandbox sandbox, Slot slot, String key, ToolCommand command) throws Exception {
    Execution execution =
        sandbox.execute(slot.run(), EffectAttempt.first(key, slot), command, (at, data) -> {});
    EffectOutcome outcome = execution.outcome().get(30, TimeUnit.SECONDS);
    execution.acknowledge();
    return outcome;
  }

  private static Object throughEngine(DockerClient client, String container) throws Exception {
    String id =
        client.execCreateCmd(container).withCmd("/bin/true").withAttachStdout(true).exec().getId();
    client.execStartCmd(id).exec(new ResultCallback.Adapter<Frame>()).awaitCompletion();
    Long code = client.inspectExecCmd(id).exec().getExitCodeLong();
    if (code == null || code != 0) {
      throw new IllegalStateException("exec ended with " + code);
    }
    return code;
  }

  private static String claims(TestEngine machine, DockerSandbox sandbox, int rounds)
      throws Exception {
    long[] pool = new long[rounds];
    long[] cold = new long[rounds];
    for (int i = 0; i < rounds; i++) {
      if (!sandbox.awaitPool(60_000)) {
        throw new IllegalStateException("the pool stays empty");
      }
      String run = TestEngine.newRun();
      pool[i] = timed(() -> sandbox.claim(run));
      // Other limits than the pool's make a container of their own; wait until the refill is done.
      sandbox.awaitPool(60_000);
      String other = TestEngine.newRun();
      cold[i] = timed(() -> sandbox.claim(other, new SandboxLimits(1L << 30, 1000, 255)));
      sandbox.release(run);
      sandbox.release(other);
    }
    return String.format(
        Locale.ROOT,
        "{\"poolClaim\":%s,\"coldCreateAndStart\":%s,\"poolToCold\":%.4f}",
        spread(pool),
        spread(cold),
        ratio(pool, cold));
  }

  private static long timed(Callable<?> work) throws Exception {
    long start = System.nanoTime();
    Object unused = work.call();
    return (System.nanoTime() - start) / 1000;
  }

  private static double ratio(long[] first, long[] second) {
    return (double) at(first, 50) / at(second, 50);
  }

  private static String spread(long[] values) {
    return "{\"n\":"
        + values.length
        + ",\"p50\":"
        + at(values, 50)
        + ",\"p99\":"
        + at(values, 99)
        + ",\"max\":"
        + at(values, 100)
        + "}";
  }

  private static long at(long[] values, int percent) {
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }
}
