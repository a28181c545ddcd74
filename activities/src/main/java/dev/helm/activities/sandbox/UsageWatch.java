package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Looks at how large a workspace is while commands run in it, and ends a command that makes it
 * larger than its limit. Where a slot has no disk of its own this is the only bound; where it has
 * one, it adds what a disk does not bound: names, depth, and what is left on the host.
 */
final class UsageWatch {
  private static final long POLL_MS = 200;
  private static final long KILL_MS = 5_000;
  private static final String UNMEASURED =
      "workspace could not be measured for too long, so the command was ended; the service's log"
          + " says why";
  private static final Set<String> WRITERS = Set.of("Write", "Edit", "WriteRow");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final System.Logger LOG = System.getLogger(UsageWatch.class.getName());

  private final Workspaces workspaces;
  private final WorkspaceLimits limits;
  private final Map<LiveSlot, SlotUsage> slots = Collections.synchronizedMap(new WeakHashMap<>());
  private volatile boolean closed;

  UsageWatch(Workspaces workspaces) {
    this.workspaces = workspaces;
    this.limits = workspaces.limits();
  }

  void close() {
    closed = true;
  }

  private SlotUsage of(LiveSlot live) {
    return slots.computeIfAbsent(
        live,
        slot ->
            new SlotUsage(
                workspaces.box(slot.id()),
                workspaces.workspaces(),
                limits,
                workspaces.onDisk(slot.id())));
  }

  /**
   * The answer to a built-in tool that would write into a workspace which is over its limit, or
   * null. Reading and deleting stay possible.
   */
  @Nullable Execution refused(LiveSlot live, ToolCommand command, EffectSink sink) {
    SlotUsage usage = of(live);
    if (usage.over() == null || !writes(command)) {
      return null;
    }
    try {
      usage.look(true);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "slot " + live.id() + " cannot be measured", e);
    }
    String over = usage.over();
    return over == null ? null : answered(over, sink);
  }

  private static boolean writes(ToolCommand command) {
    List<String> argv = command.argv();
    if (!argv.getFirst().equals(SandboxSettings.EXECUTOR) || argv.size() < 3) {
      return false;
    }
    byte[] stdin = command.stdin();
    try {
      return WRITERS.contains(argv.get(2))
          || (stdin != null && JSON.readTree(stdin).hasNonNull("save_as"));
    } catch (IOException e) {
      return false; // the tool itself will say what is wrong with it
    }
  }

  private static Execution answered(String over, EffectSink sink) {
    CompletableFuture<EffectOutcome> outcome = new CompletableFuture<>();
    try {
      byte[] told =
          JSON.writeValueAsString(Map.of("ok", false, "error", over))
              .getBytes(StandardCharsets.UTF_8);
      sink.output(0, told);
      EffectExit exit =
          new EffectExit(0, EffectExit.Reason.EXITED, null, told.length, told.length, 0);
      outcome.complete(new EffectOutcome.Ended(exit, false));
    } catch (Exception e) {
      outcome.completeExceptionally(e);
    }
    return Executions.of(outcome, () -> {});
  }

  /** Attends a command; the result says so if it had to be ended. */
  Execution attend(Execution execution, LiveSlot live, String key) {
    AtomicReference<@Nullable String> reason = new AtomicReference<>();
    Thread.ofVirtual().name("usage-" + live.id()).start(() -> follow(execution, live, key, reason));
    CompletableFuture<EffectOutcome> outcome =
        execution.outcome().thenApply(end -> explained(end, reason.get()));
    return Executions.of(outcome, execution::acknowledge);
  }

  private static EffectOutcome explained(EffectOutcome outcome, @Nullable String over) {
    if (over != null
        && outcome instanceof EffectOutcome.Ended(EffectExit exit, boolean reattached)
        && exit.reason() == EffectExit.Reason.KILLED) {
      return new EffectOutcome.Ended(
          new EffectExit(
              exit.code(),
              exit.reason(),
              over,
              exit.keptBytes(),
              exit.totalBytes(),
              exit.droppedBytes()),
          reattached);
    }
    return outcome;
  }

  private void follow(
      Execution execution, LiveSlot live, String key, AtomicReference<@Nullable String> reason) {
    SlotUsage usage = of(live);
    boolean ended = false;
    FailedLooks failures = new FailedLooks();
    try {
      while (!ended && !closed && live.lost() == null) {
        try {
          usage.first();
          ended = endedWithin(execution, POLL_MS);
          // Looked at once more at its end: the next tool is judged by that.
          ended |= judged(usage, execution, live, key, reason);
          failures.none();
        } catch (IOException | RuntimeException e) {
          LOG.log(System.Logger.Level.WARNING, "slot " + live.id() + " cannot be measured", e);
          if (failures.tooMany(e)) {
            reason.compareAndSet(null, UNMEASURED);
            live.host().kill(key, true);
          }
          ended = endedWithin(execution, POLL_MS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks if it is time to; whether the command has ended. */
  private static boolean judged(
      SlotUsage usage,
      Execution execution,
      LiveSlot live,
      String key,
      AtomicReference<@Nullable String> reason)
      throws IOException, InterruptedException {
    if (!usage.due()) {
      return false;
    }
    usage.look(false);
    String why = usage.end();
    if (why == null || execution.outcome().isDone() || !reason.compareAndSet(null, why)) {
      return false;
    }
    boolean first = usage.crossed();
    live.host().kill(key, true);
    boolean ended = endedWithin(execution, KILL_MS);
    if (first) {
      usage.settle();
    }
    return ended;
  }

  private static boolean endedWithin(Execution execution, long ms) throws InterruptedException {
    try {
      execution.outcome().get(ms, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      return true;
    }
  }
}
