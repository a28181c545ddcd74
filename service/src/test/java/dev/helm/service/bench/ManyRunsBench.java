package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.Fact;
import dev.helm.workflows.LogActivity;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart;
import dev.helm.workflows.SubagentWorkflowImpl;
import dev.helm.workflows.ToolActivity;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * P9: steps a second with many runs at once. The real run workflow beside a bare loop of the SDK
 * that makes the same calls of the same activities with the same payloads, on the same server and
 * worker, taking turns; then runs that wait for a person, and what they hold in memory.
 *
 * <p>Prints one JSON object. Arguments: runs at once, steps a run, rounds, waiting runs. Needs
 * HELM_TEST_TEMPORAL.
 */
public final class ManyRunsBench {
  /** The untuned server is an order of magnitude slower: it gets a tenth of the runs. */
  private static final int UNTUNED_SHARE = 10;

  private static final int UNTUNED_STEPS = 4;

  private ManyRunsBench() {}

  /** The floor: the same activities in the same order and nothing else. */
  @WorkflowInterface
  public interface BareLoop {
    /** A model call and a tool step for each turn, one model call at the end. */
    @WorkflowMethod
    void run(String run, int turns);
  }

  /** See {@link BareLoop}. */
  public static final class BareLoopImpl implements BareLoop {
    private final ActivityOptions options =
        ActivityOptions.newBuilder()
            .setStartToCloseTimeout(Duration.ofMinutes(30))
            .setHeartbeatTimeout(Duration.ofSeconds(15))
            .build();
    private final ModelActivity model = Workflow.newActivityStub(ModelActivity.class, options);
    private final ToolActivity tools = Workflow.newActivityStub(ToolActivity.class, options);
    private final LogActivity log = Workflow.newActivityStub(LogActivity.class, options);

    @Override
    public void run(String run, int turns) {
      log.append(run, List.of());
      List<RunStart.CallResult> results = List.of();
      String head = null;
      for (int turn = 1; turn <= turns + 1; turn++) {
        ModelActivity.Reply reply =
            model.call(
                new ModelActivity.Request(run, 1, "main", turn, 0, head, results, List.of()));
        if (reply instanceof ModelActivity.Reply.Answered answered && turn <= turns) {
          head = answered.head();
          ModelActivity.Call call = answered.calls().getFirst();
          ToolActivity.Reply done =
              tools.step(
                  new ToolActivity.Request(
                      run,
                      1,
                      "main",
                      call.toolUseId(),
                      call.tool(),
                      true,
                      new ToolActivity.Phase.Asked()));
          results = List.of(((ToolActivity.Reply.Done) done).result());
        }
      }
      LogActivity.End unused = log.finish(run, List.of());
    }
  }

  public static void main(String[] args) throws Exception {
    Stats.quietLogs();
    int runs = args.length > 0 ? Integer.parseInt(args[0]) : 100;
    int steps = args.length > 1 ? Integer.parseInt(args[1]) : 20;
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 3;
    int waiting = args.length > 3 ? Integer.parseInt(args[3]) : 1_000;
    Path binary = Path.of(System.getenv("HELM_TEST_TEMPORAL"));
    Path folder = Files.createTempDirectory("helm-many");
    Map<String, Object> found = new LinkedHashMap<>();
    try (DevServer tuned = DevServer.tuned(binary, folder);
        DevServer untuned = DevServer.untuned(binary, folder);
        Runner fast = new Runner(tuned.address());
        Runner slow = new Runner(untuned.address())) {
      double unusedWarm =
          fast.perSecond(runs / 4, steps, true) + fast.perSecond(runs / 4, steps, false);
      List<Map<String, Object>> all = new ArrayList<>();
      for (int i = 0; i < rounds; i++) {
        Map<String, Object> round = new LinkedHashMap<>();
        round.put("bare", fast.perSecond(runs, steps, false));
        round.put("helm", fast.perSecond(runs, steps, true));
        System.err.println(round);
        all.add(round);
      }
      found.put("rounds", all);
      found.put("untuned", slow.perSecond(runs / UNTUNED_SHARE, UNTUNED_STEPS, true));
      System.err.println(found);
      found.put("waiting", fast.waiting(waiting));
    } finally {
      Folders.delete(folder);
    }
    System.out.println(new ObjectMapper().writeValueAsString(found));
    System.exit(0); // the SDK's idle threads
  }

  /** A worker with the options of {@code LiveBackend}, and activities that answer at once. */
  private static final class Runner implements AutoCloseable {
    private final Workers workers;
    private final WorkflowClient client;
    private final AtomicInteger asked = new AtomicInteger();
    private volatile int turns;
    private volatile boolean waits;

    Runner(String address) {
      workers =
          new Workers(
              address,
              AgentRunWorkflow.TASK_QUEUE,
              List.of(AgentRunWorkflowImpl.class, SubagentWorkflowImpl.class, BareLoopImpl.class),
              new Model(),
              new Tool(),
              new Log());
      client = workers.client;
    }

    /** Model calls and tool steps a second, all runs together, starts and ends included. */
    double perSecond(int runs, int steps, boolean helm) {
      turns = steps / 2;
      List<CompletableFuture<Void>> ends = new ArrayList<>();
      long began = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        ends.add(helm ? start() : startBare());
      }
      ends.forEach(CompletableFuture::join);
      double seconds = (System.nanoTime() - began) / 1e9;
      return runs * (2.0 * turns + 1) / seconds;
    }

    private CompletableFuture<Void> start() {
      String run = UUID.randomUUID().toString().replace("-", "");
      AgentRunWorkflow workflow =
          client.newWorkflowStub(
              AgentRunWorkflow.class, options(AgentRunWorkflow.workflowId(run, 1)));
      var unused =
          WorkflowClient.start(
              workflow::run, new RunStart(run, 1, 100_000, 36_000_000, 3_600_000, null, null));
      return WorkflowStub.fromTyped(workflow).getResultAsync(Void.class);
    }

    private CompletableFuture<Void> startBare() {
      String run = UUID.randomUUID().toString().replace("-", "");
      BareLoop workflow = client.newWorkflowStub(BareLoop.class, options("bare-" + run));
      var unused = WorkflowClient.start(workflow::run, run, turns);
      return WorkflowStub.fromTyped(workflow).getResultAsync(Void.class);
    }

    private static WorkflowOptions options(String id) {
      return WorkflowOptions.newBuilder()
          .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
          .setWorkflowId(id)
          .build();
    }

    /** Starts runs that ask a person and stay so; what the worker's heap holds of them. */
    Map<String, Object> waiting(int runs) throws InterruptedException {
      turns = 1;
      waits = true;
      long before = used();
      asked.set(0);
      List<CompletableFuture<Void>> never = new ArrayList<>();
      for (int i = 0; i < runs; i++) {
        never.add(start());
      }
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
      while (asked.get() < runs && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(200);
      }
      long held = used() - before;
      Map<String, Object> found = new LinkedHashMap<>();
      found.put("runs", asked.get());
      found.put("heapMb", held / 1048576.0);
      return found;
    }

    private static long used() throws InterruptedException {
      Runtime runtime = Runtime.getRuntime();
      for (int i = 0; i < 3; i++) {
        System.gc();
        TimeUnit.MILLISECONDS.sleep(300);
      }
      return runtime.totalMemory() - runtime.freeMemory();
    }

    @Override
    public void close() {
      workers.close();
    }

    private final class Model implements ModelActivity {
      @Override
      public Reply call(Request request) {
        List<Call> calls =
            request.turn() > turns
                ? List.of()
                : List.of(new Call("toolu_" + request.turn(), "Bash"));
        return new Reply.Answered("a".repeat(64), calls);
      }
    }

    private final class Tool implements ToolActivity {
      @Override
      public Reply step(Request request) {
        if (waits) {
          asked.incrementAndGet();
          return new Reply.Waits(
              "p" + request.run(),
              "permission",
              "c".repeat(64),
              System.currentTimeMillis() + TimeUnit.DAYS.toMillis(7));
        }
        return new Reply.Done(new RunStart.CallResult(request.toolUseId(), "b".repeat(64), false));
      }
    }

    private static final class Log implements LogActivity {
      @Override
      public void append(String run, List<Fact> facts) {}

      @Override
      public End finish(String run, List<Fact> facts) {
        return new End(List.of());
      }
    }
  }
}
