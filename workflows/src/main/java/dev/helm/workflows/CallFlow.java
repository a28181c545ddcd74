package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowLock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tool calls of one turn. Each goes its own way through gate, people and effect; effects of one
 * workspace run one after the other; a call that waits for a person holds up no other.
 */
final class CallFlow {
  /** Always three decimals, as the log's own times. */
  private static final DateTimeFormatter TIMES =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  private static final String MESSAGE_FIRST =
      "A person's message came first; the call was not started.";

  private static final String RUN_ENDS = "The run was cancelled; the call was not started.";

  private final boolean main;
  private final RunState state;
  private final Steps steps;
  private final Subagents subagents;
  private final WorkflowLock workspace = Workflow.newWorkflowLock();

  /** Why each call that only waits does so, by the id of what it waits for. */
  private final Map<String, RunEvent.RunPaused> waiting = new LinkedHashMap<>();

  private int unfinished;
  private boolean pauseNoted;

  /**
   * Raises that had come when the log was told that the run waits for money; -1 while it is not.
   */
  private int moneyNotedAt = -1;

  CallFlow(RunStart start, String agent, RunState state, Steps steps) {
    this.main = agent.equals(AgentRunWorkflow.MAIN);
    this.state = state;
    this.steps = steps;
    this.subagents = new Subagents(start, agent, state, () -> moneyNotedAt < 0);
  }

  /** Takes all calls to their ends; results are in the order in which the model asked. */
  List<RunStart.CallResult> all(List<ModelActivity.Call> calls) {
    Map<Integer, RunStart.CallResult> results = new TreeMap<>();
    List<Promise<Void>> flows = new ArrayList<>();
    unfinished = calls.size();
    pauseNoted = false;
    for (int i = 0; i < calls.size(); i++) {
      int index = i;
      flows.add(
          Async.procedure(
              () -> {
                try {
                  RunStart.CallResult result = one(calls.get(index));
                  if (result != null) {
                    results.put(index, result);
                  }
                } finally {
                  unfinished--;
                }
              }));
    }
    while (unfinished > 0) {
      Workflow.await(() -> unfinished == 0 || allWaitUnnoted() || moneyNoteIsOver());
      noteWaits();
    }
    noteWaits();
    flows.forEach(Promise::get);
    return List.copyOf(results.values());
  }

  /** Keeps the log right about a run that only waits. A sub-agent leaves that to the main agent. */
  private void noteWaits() {
    if (moneyNoteIsOver()) {
      steps.append("resumed-" + state.nextNote(), new RunEvent.RunResumed("budget", null));
      moneyNotedAt = -1;
    }
    if (unfinished > 0 && allWaitUnnoted()) {
      RunEvent.RunPaused note = Objects.requireNonNull(pauseNote());
      pauseNoted = true;
      if (note.reason().equals("budget")) {
        moneyNotedAt = state.raises();
      }
      steps.append("waits-" + state.nextNote(), note);
    }
  }

  /** {@code run.paused} for what the agent waits for now, or null when it does not only wait. */
  RunEvent.@Nullable RunPaused pauseNote() {
    return waiting.isEmpty() || waiting.size() < unfinished
        ? null
        : waiting.values().iterator().next();
  }

  private boolean allWaitUnnoted() {
    return main && !pauseNoted && state.mayStart() && !state.cancelled() && pauseNote() != null;
  }

  private boolean moneyNoteIsOver() {
    RunEvent.RunPaused note = moneyNotedAt < 0 ? null : pauseNote();
    return moneyNotedAt >= 0
        && (moneyNotedAt != state.raises() || note == null || !note.reason().equals("budget"));
  }

  /** A sub-agent tells what it does now. */
  void reported(Signals.Report report) {
    if (subagents.reported(report)) {
      RunEvent.RunPaused waits = report.waits();
      if (waits == null) {
        waiting.remove(report.agent());
      } else {
        waiting.put(report.agent(), waits);
      }
      pauseNoted = false;
    }
  }

  /** Whether no sub-agent works, or will before a pause ends. */
  boolean subagentsQuiet() {
    return subagents.quiet();
  }

  /** Model calls of sub-agents that have ended. */
  int subagentTurns() {
    return subagents.turns();
  }

  /** One call to its end; null only when the run is being cancelled. */
  private RunStart.@Nullable CallResult one(ModelActivity.Call call) {
    Phase phase = new Phase.Asked();
    while (true) {
      Reply reply = step(call, phase);
      switch (reply) {
        case null -> {
          if (state.cancelled()) {
            return null;
          }
          phase = interrupted(phase, MESSAGE_FIRST);
        }
        case Reply.Done done -> {
          return done.result();
        }
        case Reply.Waits waits -> phase = waitFor(call, waits);
        case Reply.Spawns spawns -> phase = delegate(spawns);
        case Reply.Noted noted -> throw new IllegalStateException("a step of the call was due");
        case Reply.Stop stop -> {
          state.stop(new Signals.Control("stop-" + call.toolUseId(), stop.by()));
          return null;
        }
      }
      if (state.cancelled()) {
        if (phase instanceof Phase.Returned) {
          steps.drop(call, phase);
        }
        return null;
      }
    }
  }

  private Phase delegate(Reply.Spawns spawns) {
    Phase returned = subagents.work(spawns.subagent(), unfinished);
    waiting.remove(spawns.subagent());
    pauseNoted = false;
    return returned;
  }

  /** What to do with a step whose end was lost in an interrupt; answers of people are kept. */
  private static Phase interrupted(Phase phase, String reason) {
    return switch (phase) {
      case Phase.Asked asked -> new Phase.Dropped(reason, phase);
      case Phase.Decided decided -> new Phase.Dropped(reason, phase);
      case Phase.Approved approved -> phase;
      case Phase.TimedOut timedOut -> phase;
      case Phase.Answered answered -> phase;
      case Phase.Returned returned -> phase;
      case Phase.Dropped dropped -> phase;
    };
  }

  /** As {@link #interrupted}, but nothing may begin any more. */
  private static Phase cancelled(Phase phase) {
    return phase instanceof Phase.Answered
        ? new Phase.Dropped(RUN_ENDS, phase)
        : interrupted(phase, RUN_ENDS);
  }

  private @Nullable Reply step(ModelActivity.Call call, Phase phase) {
    workspace.lock();
    try {
      Workflow.await(() -> state.mayStart() || state.cancelled());
      if (state.cancelled()) {
        return null;
      }
      boolean starts = phase instanceof Phase.Asked;
      Phase now = starts && state.work().interrupting() ? interrupted(phase, MESSAGE_FIRST) : phase;
      boolean alone = waiting.size() == unfinished - 1;
      Reply reply = steps.tool(call, alone, now);
      if (reply == null && state.cancelled()) {
        // What it began must have its end in the log before the run has.
        steps.drop(call, cancelled(now));
      }
      if (reply instanceof Reply.Waits waits) {
        state.open(waits);
        waiting.put(waits.waitId(), note(waits));
        pauseNoted |= alone;
      }
      return reply;
    } finally {
      workspace.unlock();
    }
  }

  /** Waits for people, reminding them on the way; what each of several said is noted in the log. */
  private Phase waitFor(ModelActivity.Call call, Reply.Waits waits) {
    String id = waits.waitId();
    ArrayDeque<Reminder> reminders = reminders(waits);
    Phase said = null;
    boolean over = false;
    while (!over) {
      long nextMs = reminders.isEmpty() ? waits.deadlineMs() : reminders.getFirst().atMs();
      Workflow.await(
          Duration.ofMillis(Math.max(1, nextMs - Workflow.currentTimeMillis())),
          () -> state.said(id) != null || state.hasApproval(id) || state.cancelled());
      Phase.Approved approved = state.takeApproval(id);
      said = state.said(id);
      if (approved != null) {
        steps.note(call, approved);
      } else if (said != null || state.cancelled() || reminders.isEmpty()) {
        over = true;
      } else {
        remind(call, waits, reminders.removeFirst());
      }
    }
    state.close(id);
    waiting.remove(id);
    pauseNoted = false;
    return said == null ? new Phase.TimedOut(id) : said;
  }

  /** When people are told again that something waits for them. */
  private record Reminder(long atMs, String stage, List<String> to) {}

  private static ArrayDeque<Reminder> reminders(Reply.Waits waits) {
    List<Reminder> all = new ArrayList<>();
    ToolActivity.Asking asking = waits.asking();
    if (asking != null) {
      all.add(new Reminder(asking.remindAtMs(), "half", List.of("approver")));
      Long escalateAtMs = asking.escalateAtMs();
      if (escalateAtMs != null) {
        all.add(new Reminder(escalateAtMs, "escalated", asking.escalateTo()));
      }
    }
    all.sort(Comparator.comparingLong(Reminder::atMs));
    return new ArrayDeque<>(all);
  }

  private void remind(ModelActivity.Call call, Reply.Waits waits, Reminder reminder) {
    if (Workflow.currentTimeMillis() < waits.deadlineMs()) {
      steps.append(
          "reminded-" + waits.waitId() + "-" + reminder.stage(),
          new RunEvent.PermissionReminded(
              waits.waitId(),
              call.toolUseId(),
              reminder.stage(),
              reminder.to(),
              TIMES.format(Instant.ofEpochMilli(waits.deadlineMs()))));
    }
  }

  private static RunEvent.RunPaused note(Reply.Waits waits) {
    boolean permission = waits.reason().equals("permission");
    return new RunEvent.RunPaused(
        waits.reason(),
        null,
        permission ? waits.waitId() : null,
        permission ? null : waits.waitId(),
        null);
  }
}
