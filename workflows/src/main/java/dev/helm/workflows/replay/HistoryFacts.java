package dev.helm.workflows.replay;

import io.temporal.api.history.v1.ActivityTaskScheduledEventAttributes;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.common.WorkflowExecutionHistory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a history says: what was asked for, what came back, and what people sent. */
final class HistoryFacts {
  private final List<Activity> activities = new ArrayList<>();
  private final List<Signal> signals = new ArrayList<>();
  private final List<Map<?, ?>> begunWith = new ArrayList<>();

  /** A scheduled activity; {@code result} is null while it has none. */
  record Activity(
      String type, List<@Nullable Object> arguments, boolean completed, @Nullable Object result) {}

  /** A signal with its one argument. */
  record Signal(String name, Map<String, Object> argument) {}

  HistoryFacts(WorkflowExecutionHistory history) {
    Map<Long, ActivityTaskScheduledEventAttributes> scheduled = new LinkedHashMap<>();
    Map<Long, @Nullable Object> results = new HashMap<>();
    begunWith(history.getEvents().getFirst());
    for (HistoryEvent event : history.getEvents()) {
      if (event.hasActivityTaskScheduledEventAttributes()) {
        scheduled.put(event.getEventId(), event.getActivityTaskScheduledEventAttributes());
      } else if (event.hasActivityTaskCompletedEventAttributes()) {
        var done = event.getActivityTaskCompletedEventAttributes();
        results.put(
            done.getScheduledEventId(),
            done.getResult().getPayloadsCount() == 0
                ? null
                : Payloads.tree(done.getResult().getPayloads(0)));
      } else if (event.hasWorkflowExecutionSignaledEventAttributes()) {
        signal(event);
      }
    }
    scheduled.forEach(
        (id, activity) ->
            activities.add(
                new Activity(
                    activity.getActivityType().getName(),
                    Payloads.trees(activity.getInput().getPayloadsList()),
                    results.containsKey(id),
                    results.get(id))));
  }

  private void begunWith(HistoryEvent start) {
    var input = start.getWorkflowExecutionStartedEventAttributes().getInput();
    if (input.getPayloadsCount() > 0
        && Payloads.tree(input.getPayloads(0)) instanceof Map<?, ?> run
        && run.get("carry") instanceof Map<?, ?> carry
        && carry.get("calls") instanceof List<?> calls) {
      for (Object call : calls) {
        if (call instanceof Map<?, ?> map) {
          begunWith.add(map);
        }
      }
    }
  }

  private void signal(HistoryEvent event) {
    var signal = event.getWorkflowExecutionSignaledEventAttributes();
    if (signal.getInput().getPayloadsCount() > 0
        && Payloads.tree(signal.getInput().getPayloads(0)) instanceof Map<?, ?> argument) {
      signals.add(new Signal(signal.getSignalName(), LoggedFacts.members(argument)));
    }
  }

  /** The calls that the epoch began with: those of a fork were asked for in its parent. */
  List<Map<?, ?>> begunWith() {
    return begunWith;
  }

  List<Activity> activities() {
    return activities;
  }

  List<Signal> signals() {
    return signals;
  }
}
