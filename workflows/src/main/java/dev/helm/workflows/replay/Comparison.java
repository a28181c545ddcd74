package dev.helm.workflows.replay;

import io.temporal.common.WorkflowExecutionHistory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares histories with the code, and both with the log: what the code asks for is what was asked
 * for; what workflows appended stands in the log; what people decided there they had sent.
 */
final class Comparison {
  private final LoggedFacts log;
  private final Findings findings;
  private final Map<String, List<Map<String, Object>>> decides = new HashMap<>();
  private final Map<String, List<Map<String, Object>>> answers = new HashMap<>();
  private final Set<String> asked = new HashSet<>();
  private long activities;
  private long facts;

  Comparison(LoggedFacts log, Findings findings) {
    this.log = log;
    this.findings = findings;
  }

  /** Runs one history again and compares it. */
  void take(String name, WorkflowExecutionHistory history, Rerun rerun) {
    List<Rerun.Asked> now;
    try {
      now = rerun.run(history);
    } catch (Exception e) {
      findings.fault(0, name + " does not replay: the code decides otherwise (" + first(e) + ")");
      now = List.of();
    }
    HistoryFacts said = new HistoryFacts(history);
    if (!now.isEmpty() || said.activities().isEmpty()) {
      sameRequests(name, said.activities(), now);
    }
    said.begunWith().forEach(call -> asked.add(LoggedFacts.call(call)));
    said.activities().forEach(activity -> activity(name, activity));
    said.signals().forEach(this::signal);
    activities += said.activities().size();
  }

  private static String first(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String text = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    return cause.getClass().getSimpleName()
        + ": "
        + text.substring(0, Math.min(300, text.length()));
  }

  /**
   * Each recorded request is made again, in order; what was taken back at once is in no history.
   */
  private void sameRequests(
      String name, List<HistoryFacts.Activity> recorded, List<Rerun.Asked> now) {
    int at = 0;
    for (int i = 0; i < recorded.size(); i++) {
      HistoryFacts.Activity activity = recorded.get(i);
      int found = at;
      while (found < now.size() && !same(activity, now.get(found))) {
        found++;
      }
      if (found == now.size()) {
        findings.fault(
            0,
            name
                + ": step "
                + (i + 1)
                + " ("
                + activity.type()
                + ") was recorded with other arguments than the code gives");
      } else {
        at = found + 1;
      }
    }
  }

  private static boolean same(HistoryFacts.Activity recorded, Rerun.Asked now) {
    return recorded.type().equals(now.type())
        && recorded.arguments().size() == now.arguments().size()
        && Payloads.within(recorded.arguments(), now.arguments());
  }

  private void activity(String name, HistoryFacts.Activity activity) {
    if (!activity.completed()) {
      return;
    }
    switch (activity.type()) {
      case "Append", "Finish" -> appended(name, activity);
      case "Call" -> called(name, activity.result());
      case "Step" -> stepped(name, activity.result());
      default -> {
        // Appends nothing that its workflow knows.
      }
    }
  }

  private void appended(String name, HistoryFacts.Activity activity) {
    boolean nothing =
        activity.result() instanceof Map<?, ?> end
            && end.get("unread") instanceof List<?> unread
            && !unread.isEmpty();
    if (nothing || activity.arguments().size() < 2) {
      return;
    }
    if (activity.arguments().get(1) instanceof List<?> list) {
      for (Object fact : list) {
        if (fact instanceof Map<?, ?> map && map.get("data") instanceof Map<?, ?> data) {
          facts++;
          String type = LoggedFacts.text(map, "type");
          if (!log.has(type, LoggedFacts.text(map, "agent"), LoggedFacts.members(data))) {
            findings.fault(0, name + " appended a " + type + " that the log does not have");
          }
        }
      }
    }
  }

  private void called(String name, @Nullable Object result) {
    if (result instanceof Map<?, ?> reply && reply.get("calls") instanceof List<?> calls) {
      for (Object call : calls) {
        if (call instanceof Map<?, ?> map) {
          String key = LoggedFacts.call(map);
          asked.add(key);
          if (!log.requested().containsKey(key)) {
            findings.fault(
                0, name + ": the model asked for " + key + ", and the log does not say so");
          }
        }
      }
    }
  }

  private void stepped(String name, @Nullable Object result) {
    if (result instanceof Map<?, ?> reply && "waits".equals(reply.get("kind"))) {
      String id = LoggedFacts.text(reply, "waitId");
      if (!log.asks(id)) {
        findings.fault(0, name + " waited for " + id + ", and the log does not say so");
      }
    }
  }

  private void signal(HistoryFacts.Signal signal) {
    Map<String, Object> argument = signal.argument();
    if (signal.name().equals("decide")) {
      decides
          .computeIfAbsent(LoggedFacts.text(argument, "permissionId"), _ -> new ArrayList<>())
          .add(argument);
    } else if (signal.name().equals("answer")) {
      answers
          .computeIfAbsent(LoggedFacts.text(argument, "questionId"), _ -> new ArrayList<>())
          .add(argument);
    }
  }

  /**
   * After the last history.
   *
   * @param complete whether the bundle has all histories of the run
   */
  void finish(boolean complete) {
    log.decisions().forEach((id, event) -> decided(id, event, complete));
    log.answers().forEach((id, event) -> answered(id, event, complete));
    if (complete) {
      log.requested()
          .forEach(
              (call, seq) -> {
                if (!asked.contains(call)) {
                  findings.fault(seq, "no history has the model ask for " + call);
                }
              });
    }
    if (findings.none()) {
      findings.checked(
          activities
              + " steps of the workflows' histories are those that the code asks for again; "
              + facts
              + " appended facts, "
              + log.decisions().size()
              + " decisions and "
              + log.answers().size()
              + " answers agree with the log");
    }
  }

  private void decided(String id, LoggedFacts.Person event, boolean complete) {
    List<Map<String, Object>> sent = decides.get(id);
    if ("timeout".equals(event.data().get("by")) || (sent == null && !complete)) {
      return;
    }
    boolean agrees =
        sent != null
            && sent.stream()
                .anyMatch(
                    signal ->
                        Boolean.TRUE.equals(signal.get("allow"))
                                == "allow".equals(event.data().get("decision"))
                            && same(signal, event, "by")
                            && same(signal, event, "device")
                            && same(signal, event, "reason"));
    if (!agrees) {
      findings.fault(
          event.seq(),
          "event "
              + event.seq()
              + " has a decision of "
              + id
              + " that the histories do not have so");
    }
  }

  private void answered(String id, LoggedFacts.Person event, boolean complete) {
    List<Map<String, Object>> sent = answers.get(id);
    if ("timeout".equals(event.data().get("by")) || (sent == null && !complete)) {
      return;
    }
    boolean agrees =
        sent != null
            && sent.stream()
                .anyMatch(
                    signal ->
                        same(signal, event, "by")
                            && (!(event.data().get("answer") instanceof String)
                                || same(signal, event, "answer")));
    if (!agrees) {
      findings.fault(
          event.seq(),
          "event "
              + event.seq()
              + " has an answer to "
              + id
              + " that the histories do not have so");
    }
  }

  private static boolean same(Map<String, Object> signal, LoggedFacts.Person event, String name) {
    return Objects.equals(signal.get(name), event.data().get(name));
  }
}
