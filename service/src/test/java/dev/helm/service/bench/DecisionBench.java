package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.api.Role;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.service.run.DecisionRig;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.workflow.SignalMethod;
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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * P2: from the tap on Allow to the start of the tool: an HTTP request over loopback, roles and the
 * check of the request, the signal, the run's workflow, the tool activity's gate, the commit of
 * {@code permission.decided} and {@code tool.started}. Beside it, in the same server, the least
 * that Temporal can do: a signal whose handler starts an activity. They take turns.
 *
 * <p>Prints one JSON object; milliseconds. Arguments: taps a round, rounds. Needs
 * HELM_TEST_TEMPORAL.
 */
public final class DecisionBench {
  private static final int WARM = 20;
  private static final BlockingQueue<Long> ARRIVED = new LinkedBlockingQueue<>();

  private DecisionBench() {}

  public static void main(String[] args) throws Exception {
    int taps = args.length > 0 ? Integer.parseInt(args[0]) : 100;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    Path binary = Path.of(System.getenv("HELM_TEST_TEMPORAL"));
    Path folder = Files.createTempDirectory("helm-taps");
    Path home = Files.createTempDirectory("helm-taps-home");
    List<Map<String, Object>> all = new ArrayList<>();
    try (DevServer server = DevServer.tuned(binary, folder);
        DecisionRig rig = new DecisionRig(home, server.address());
        Echo echo = new Echo(server.address())) {
      String operator = rig.caller("bench", Role.OPERATOR);
      rig.blueprint(operator, "timeout: 10m");
      List<Double> unusedWarm = allows(rig, operator, WARM, "warm");
      List<Double> unusedWarmToo = echo.signals(WARM);
      for (int i = 0; i < rounds; i++) {
        Map<String, Object> round = new LinkedHashMap<>();
        round.put("allow", summary(allows(rig, operator, taps, "r" + i)));
        round.put("signal", summary(echo.signals(taps)));
        all.add(round);
      }
    } finally {
      Folders.delete(folder);
    }
    System.out.println(new ObjectMapper().writeValueAsString(Map.of("rounds", all)));
    System.exit(0); // the SDK's idle threads
  }

  private static Map<String, Object> summary(List<Double> ms) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("n", ms.size());
    summary.put("p50", Stats.median(ms));
    summary.put("p99", Stats.percentile(ms, 99));
    return summary;
  }

  private static List<Double> allows(DecisionRig rig, String token, int taps, String name) {
    String run = rig.run(token, taps, List.of("make " + name + "-%d"));
    List<Double> ms = new ArrayList<>();
    for (int turn = 1; turn <= taps; turn++) {
      String command = "make " + name + "-" + turn;
      DecisionBodies.InboxItem item = rig.asked(run, command);
      String body = "{\"decision\":\"allow\",\"argumentsHash\":\"" + item.argumentsHash() + "\"}";
      long from = System.nanoTime();
      rig.call(token, "POST", "/api/permissions/" + item.id(), body);
      Long began = rig.began.get(command);
      for (int i = 0; began == null && i < 10_000; i++) {
        LockSupport.parkNanos(1_000_000);
        began = rig.began.get(command);
      }
      if (began == null) {
        throw new IllegalStateException("the tool did not start: " + command);
      }
      ms.add((began - from) / 1e6);
    }
    rig.awaitEnd(token, run);
    return ms;
  }

  /** A signal whose handler starts an activity. */
  @WorkflowInterface
  public interface EchoWorkflow {
    /** Until the last tap. */
    @WorkflowMethod
    void run(int taps);

    /** One tap. */
    @SignalMethod
    void tap(int n);
  }

  /** Notes the time. */
  @ActivityInterface
  public interface Note {
    /** Of this tap. */
    void note(int n);
  }

  /** Waits for each tap and has it noted. */
  public static final class EchoWorkflowImpl implements EchoWorkflow {
    private final Note note =
        Workflow.newActivityStub(
            Note.class,
            ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(30)).build());
    private int last;

    @Override
    public void run(int taps) {
      for (int n = 1; n <= taps; n++) {
        int wanted = n;
        Workflow.await(() -> last >= wanted);
        note.note(n);
      }
    }

    @Override
    public void tap(int n) {
      last = n;
    }
  }

  private static final class Echo implements AutoCloseable {
    private final Workers workers;
    private final WorkflowClient client;

    Echo(String address) {
      Note note = n -> ARRIVED.add(System.nanoTime());
      workers = new Workers(address, "echo", List.of(EchoWorkflowImpl.class), note);
      client = workers.client;
    }

    List<Double> signals(int taps) throws InterruptedException {
      EchoWorkflow workflow =
          client.newWorkflowStub(
              EchoWorkflow.class,
              WorkflowOptions.newBuilder()
                  .setTaskQueue("echo")
                  .setWorkflowId("echo-" + UUID.randomUUID())
                  .build());
      var unused = WorkflowClient.start(workflow::run, taps);
      List<Double> ms = new ArrayList<>();
      for (int n = 1; n <= taps; n++) {
        long from = System.nanoTime();
        workflow.tap(n);
        Long at = ARRIVED.poll(30, TimeUnit.SECONDS);
        if (at == null) {
          throw new IllegalStateException("the signal was not answered");
        }
        ms.add((at - from) / 1e6);
      }
      return ms;
    }

    @Override
    public void close() {
      workers.close();
    }
  }
}
