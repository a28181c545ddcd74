package dev.helm.workflows.replay;

import dev.helm.api.Sha256;
import dev.helm.api.event.CanonicalJson;
import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the log says of the things that workflows decide. */
final class LoggedFacts {
  private static final Set<String> LARGE =
      Set.of("tool.output", "model.message", "tool.finished", "budget.charged");

  private final Set<String> facts = new HashSet<>();
  private final Map<String, Person> decisions = new LinkedHashMap<>();
  private final Map<String, Person> answers = new LinkedHashMap<>();
  private final Map<String, Long> requested = new LinkedHashMap<>();
  private final Set<String> waits = new HashSet<>();
  private long ends;

  /** What a person did, and where the log has it. */
  record Person(long seq, Map<String, Object> data) {}

  /** Reads {@code events.jsonl}, which has been verified. */
  void read(BufferedReader events) throws IOException {
    for (String line = events.readLine(); line != null; line = events.readLine()) {
      Map<String, Object> event = HelmJson.readObject(line);
      if (event.get("data") instanceof Map<?, ?> data
          && event.get("seq") instanceof Number seq
          && event.get("agent") instanceof String agent
          && event.get("type") instanceof String type) {
        take(seq.longValue(), type, agent, members(data));
      }
    }
  }

  private void take(long seq, String type, String agent, Map<String, Object> data) {
    if (!LARGE.contains(type)) {
      facts.add(name(type, agent, data));
    }
    switch (type) {
      case "permission.decided" -> decisions.put(text(data, "permissionId"), new Person(seq, data));
      case "question.answered" -> answers.put(text(data, "questionId"), new Person(seq, data));
      case "tool.requested" -> requested.put(call(data), seq);
      case "permission.requested" -> waits.add(text(data, "permissionId"));
      case "question.asked", "tool.unknown" -> waits.add(text(data, "questionId"));
      case "run.finished" -> ends++;
      default -> {
        // Not decided by a workflow.
      }
    }
  }

  boolean has(String type, String agent, Map<String, Object> data) {
    return LARGE.contains(type) || facts.contains(name(type, agent, data));
  }

  private static String name(String type, String agent, Map<String, Object> data) {
    return Sha256.hex(type + "\n" + agent + "\n" + CanonicalJson.write(data));
  }

  /** Decisions by permission. */
  Map<String, Person> decisions() {
    return decisions;
  }

  /** Answers by question. */
  Map<String, Person> answers() {
    return answers;
  }

  /** The calls that the model asked for, with their place. */
  Map<String, Long> requested() {
    return requested;
  }

  /** Whether the log has a question or a permission of this id. */
  boolean asks(String id) {
    return waits.contains(id);
  }

  /** How often the run ended. */
  long ends() {
    return ends;
  }

  static String call(Map<?, ?> call) {
    return text(call, "toolUseId") + " " + text(call, "tool");
  }

  static String text(Map<?, ?> data, String name) {
    @Nullable Object value = data.get(name);
    return value instanceof String text ? text : "";
  }

  static Map<String, Object> members(Map<?, ?> map) {
    Map<String, Object> members = new HashMap<>();
    map.forEach(
        (name, value) -> {
          if (value != null) {
            members.put(String.valueOf(name), value);
          }
        });
    return members;
  }
}
