package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Functions;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The activities of one agent with their time limits. Work that people may interrupt runs in a
 * scope that {@link RunState} knows; notes to the log cannot be interrupted.
 */
final class Steps {
  /** Longer than a restart of the Temporal server, so that a restart does not start work twice. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);

  /** An interrupt takes up to 2 s. */
  private static final Duration LAST_STEP = Duration.ofSeconds(6);

  private final RunStart start;
  private final String agent;
  private final RunState state;
  private final ModelActivity model;
  private final ToolActivity tools;
  private final ToolActivity lastTools;
  private final ToolActivity noteTools;
  private final LogActivity log;
  private int inFlight;

  Steps(RunStart start, String agent, RunState state) {
    this.start = start;
    this.agent = agent;
    this.state = state;
    this.model = Workflow.newActivityStub(ModelActivity.class, work(Duration.ofMinutes(30)));
    this.tools = Workflow.newActivityStub(ToolActivity.class, work(Duration.ofHours(3)));
    this.lastTools =
        Workflow.newActivityStub(
            ToolActivity.class,
            ActivityOptions.newBuilder()
                .setScheduleToCloseTimeout(LAST_STEP)
                .setRetryOptions(retry(Duration.ofMillis(200), Duration.ofSeconds(1)))
                .build());
    this.noteTools =
        Workflow.newActivityStub(
            ToolActivity.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofSeconds(30))
                .setRetryOptions(retry(Duration.ofMillis(100), Duration.ofSeconds(5)))
                .build());
    this.log =
        Workflow.newActivityStub(
            LogActivity.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofSeconds(30))
                .setRetryOptions(retry(Duration.ofMillis(100), Duration.ofSeconds(5)))
                .build());
  }

  private static ActivityOptions work(Duration longest) {
    return ActivityOptions.newBuilder()
        .setStartToCloseTimeout(longest)
        .setHeartbeatTimeout(HEARTBEAT)
        .setRetryOptions(retry(Duration.ofMillis(200), Duration.ofSeconds(20)))
        // The activity writes how it was interrupted; only then is the call over.
        .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
        .build();
  }

  private static RetryOptions retry(Duration first, Duration longest) {
    return RetryOptions.newBuilder()
        .setInitialInterval(first)
        .setBackoffCoefficient(2)
        .setMaximumInterval(longest)
        .setDoNotRetry(LogActivity.RUN_ENDED)
        .build();
  }

  /** A model call, or null when it was interrupted before it began. */
  ModelActivity.@Nullable Reply model() {
    return interruptible(
        () ->
            model.call(
                new ModelActivity.Request(
                    start.run(),
                    start.epoch(),
                    agent,
                    state.turn(),
                    state.round(),
                    state.head(),
                    state.results(),
                    state.readNow())));
  }

  /** One step of a tool call, or null when it was interrupted before it began. */
  ToolActivity.@Nullable Reply tool(
      ModelActivity.Call call, boolean alone, ToolActivity.Phase phase) {
    ToolActivity.Request request = request(call, alone, phase);
    return interruptible(() -> tools.step(request));
  }

  private ToolActivity.Request request(
      ModelActivity.Call call, boolean alone, ToolActivity.Phase phase) {
    return new ToolActivity.Request(
        start.run(), start.epoch(), agent, call.toolUseId(), call.tool(), alone, phase);
  }

  void append(String name, RunEvent event) {
    append(name, List.of(event));
  }

  /** Appends facts under keys of this epoch. */
  void append(String name, List<RunEvent> events) {
    List<Fact> facts = new ArrayList<>();
    for (RunEvent event : events) {
      facts.add(fact(name + "/" + event.type(), event));
    }
    inFlight++;
    try {
      Workflow.newDetachedCancellationScope(() -> log.append(start.run(), facts)).run();
    } finally {
      inFlight--;
    }
  }

  /** Records what one of several people said; beside any work, and never interrupted. */
  void note(ModelActivity.Call call, ToolActivity.Phase.Approved approved) {
    inFlight++;
    try {
      Workflow.newDetachedCancellationScope(() -> noteTools.step(request(call, false, approved)))
          .run();
    } finally {
      inFlight--;
    }
  }

  /**
   * Records how a call of a run that is being cancelled ended. An engine that does not answer must
   * not hold up the cancel: what is not recorded in time is closed with the run.
   */
  void drop(ModelActivity.Call call, ToolActivity.Phase phase) {
    try {
      Workflow.newDetachedCancellationScope(() -> lastTools.step(request(call, false, phase)))
          .run();
    } catch (ActivityFailure e) {
      // LogActivity.finish gives the call its end.
    }
  }

  LogActivity.End finish(RunEvent.RunFinished event) {
    try {
      return log.finish(start.run(), List.of(fact("finished", event)));
    } catch (ActivityFailure e) {
      if (e.getCause() instanceof ApplicationFailure cause
          && cause.getType().equals(LogActivity.RUN_ENDED)) {
        // The log has an end of this run, or of this epoch, already.
        return new LogActivity.End(List.of());
      }
      throw e;
    }
  }

  boolean nothingInFlight() {
    return inFlight == 0;
  }

  private Fact fact(String name, RunEvent event) {
    return new Fact("e" + start.epoch() + "/" + agent + "/" + name, agent, event);
  }

  private <T> @Nullable T interruptible(Functions.Func<T> work) {
    List<T> reply = new ArrayList<>(1);
    CancellationScope scope = Workflow.newCancellationScope(() -> reply.add(work.apply()));
    state.work().begins(scope);
    try {
      scope.run();
    } catch (ActivityFailure e) {
      // Temporal retries nothing that is to be cancelled: an attempt that failed or died meanwhile
      // counts as interrupted, and the next step finds what it began.
      if (!(e.getCause() instanceof CanceledFailure) && !scope.isCancelRequested()) {
        throw e;
      }
    } catch (CanceledFailure e) {
      // Interrupted before the activity was scheduled.
    } finally {
      state.work().ends(scope);
    }
    return reply.isEmpty() ? null : reply.getFirst();
  }
}
