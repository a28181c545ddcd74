package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.Fact;
import dev.helm.workflows.LogActivity;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart;
import dev.helm.workflows.ToolActivity;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * P1: Temporal's share of a step. The real workflow of a run asks a model that answers at once with
 * one tool call, and a tool that is done at once; the gap from one activity's end to the next one's
 * start is what Temporal and the workflow's code take. The tuned and the untuned server take turns.
 *
 * <p>Prints one JSON object; milliseconds. Arguments: steps a round, rounds. Needs
 * HELM_TEST_TEMPORAL.
 */
public final class StepBench {
  private static final int WARM_STEPS = 40;

  private StepBench() {}

  public static void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 300;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    Path binary = Path.of(System.getenv("HELM_TEST_TEMPORAL"));
    Path folder = Files.createTempDirectory("helm-steps");
    List<Map<String, Object>> all = new ArrayList<>();
    try (DevServer tuned = DevServer.tuned(binary, folder);
        DevServer untuned = DevServer.untuned(binary, folder);
        Runner fast = new Runner(tuned.address());
        Runner slow = new Runner(untuned.address())) {
      List<Double> unusedWarm = fast.gaps(WARM_STEPS * 5);
      List<Double> unusedWarmToo = slow.gaps(WARM_STEPS);
      for (int i = 0; i < rounds; i++) {
        Map<String, Object> round = new LinkedHashMap<>();
        round.put("tuned", summary(fast.gaps(steps)));
        round.put("untuned", summary(slow.gaps(steps)));
        all.add(round);
      }
    } finally {
      Folders.delete(folder);
    }
    System.out.println(new ObjectMapper().writeValueAsString(Map.of("rounds", all)));
    System.exit(0); // the SDK's idle threads
  }

  private static Map<String, Object> summary(List<Double> gaps) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("n", gaps.size());
    summary.put("p50", Stats.median(gaps));
    summary.put("p99", Stats.percentile(gaps, 99));
    summary.put("max", Stats.percentile(gaps, 100));
    return summary;
  }

  /**
   * A worker with the options of {@code LiveBackend}, and activities that only look at the clock.
   */
  private static final class Runner implements AutoCloseable {
    private final Workers workers;
    private final WorkflowClient client;
    private final List<long[]> spans = new ArrayList<>();
    private volatile int turns;

    Runner(String address) {
      workers =
          new Workers(
              address,
              AgentRunWorkflow.TASK_QUEUE,
              List.of(AgentRunWorkflowImpl.class),
              new Model(),
              new Tool(),
              new Log());
      client = workers.client;
    }

    /** Milliseconds between activities of one run with this many of them, its start left out. */
    List<Double> gaps(int steps) {
      synchronized (spans) {
        spans.clear();
      }
      turns = (steps + WARM_STEPS) / 2 + 1;
      String run = UUID.randomUUID().toString().replace("-", "");
      AgentRunWorkflow workflow =
          client.newWorkflowStub(
              AgentRunWorkflow.class,
              WorkflowOptions.newBuilder()
                  .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
                  .setWorkflowId(AgentRunWorkflow.workflowId(run, 1))
                  .build());
      var unused =
          WorkflowClient.start(
              workflow::run, new RunStart(run, 1, 100_000, 36_000_000, 3_600_000, null, null));
      WorkflowStub.fromTyped(workflow).getResult(Void.class);
      List<Double> gaps = new ArrayList<>();
      synchronized (spans) {
        for (int i = WARM_STEPS; i < spans.size() && gaps.size() < steps; i++) {
          gaps.add((spans.get(i)[0] - spans.get(i - 1)[1]) / 1e6);
        }
      }
      return gaps;
    }

    private void worked(long from) {
      synchronized (spans) {
        spans.add(new long[] {from, System.nanoTime()});
      }
    }

    @Override
    public void close() {
      workers.close();
    }

    private final class Model implements ModelActivity {
      @Override
      public Reply call(Request request) {
        long from = System.nanoTime();
        List<Call> calls =
            request.turn() > turns
                ? List.of()
                : List.of(new Call("toolu_" + request.turn(), "Bash"));
        Reply reply = new Reply.Answered("a".repeat(64), calls);
        worked(from);
        return reply;
      }
    }

    private final class Tool implements ToolActivity {
      @Override
      public Reply step(Request request) {
        long from = System.nanoTime();
        Reply reply =
            new Reply.Done(new RunStart.CallResult(request.toolUseId(), "b".repeat(64), false));
        worked(from);
        return reply;
      }
    }

    private final class Log implements LogActivity {
      @Override
      public void append(String run, List<Fact> facts) {
        worked(System.nanoTime());
      }

      @Override
      public End finish(String run, List<Fact> facts) {
        worked(System.nanoTime());
        return new End(List.of());
      }
    }
  }
}
