package dev.helm.activities.practice;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far a conversation has played a scenario, read from the conversation alone. Ids that the
 * scenario did not make, and results without a call, count for nothing.
 */
final class Played {
  /** Longest text that a variable may hold; the rest is cut. */
  private static final int VARIABLE_CAP_CHARS = 8_000;

  private static final class Progress {
    int turn;
    int firstAt = Integer.MAX_VALUE;
    int lastAt = -1;
    final Set<Integer> calls = new TreeSet<>();
    final List<Conversation.Outcome> outcomes = new ArrayList<>();
  }

  private final Scenario scenario;
  private final Conversation conversation;
  private final Map<String, Progress> progress = new HashMap<>();
  private final Map<String, String> variables;

  Played(Scenario scenario, Conversation conversation) {
    this.scenario = scenario;
    this.conversation = conversation;
    this.variables = new HashMap<>(scenario.vars());
    scenario.said().forEach((name, pattern) -> capture(name, pattern, conversation.userTexts()));
    readCalls();
  }

  private void readCalls() {
    StepIds ids = new StepIds(scenario.name());
    Map<Integer, Scenario.Step> steps = new HashMap<>();
    scenario.steps().forEach(step -> steps.put(StepIds.hash(step.name()), step));
    int at = 0;
    for (Conversation.Seen seen : conversation.calls()) {
      StepIds.Made made = ids.read(seen.id());
      Scenario.Step step = made == null ? null : steps.get(made.stepHash());
      if (made != null && step != null) {
        note(step, made, seen.outcome(), at);
      }
      at++;
    }
  }

  private void note(
      Scenario.Step step, StepIds.Made made, Conversation.@Nullable Outcome outcome, int at) {
    Progress p = progress.computeIfAbsent(step.name(), name -> new Progress());
    if (made.turn() > p.turn) {
      p.turn = made.turn();
      p.calls.clear();
    }
    if (made.turn() == p.turn) {
      p.calls.add(made.call());
    }
    p.firstAt = Math.min(p.firstAt, at);
    p.lastAt = at;
    if (outcome != null) {
      p.outcomes.add(outcome);
      boolean ok = isOk(step, outcome);
      Map<String, Pattern> captures = ok ? step.capture() : step.captureFailed();
      captures.forEach((name, pattern) -> capture(name, pattern, List.of(outcome.text())));
    }
  }

  private void capture(String name, Pattern pattern, List<String> texts) {
    for (String text : texts) {
      Matcher at = pattern.matcher(text);
      while (at.find()) {
        String value = at.groupCount() > 0 && at.group(1) != null ? at.group(1) : at.group();
        value = value.strip();
        variables.put(
            name,
            value.length() > VARIABLE_CAP_CHARS ? value.substring(0, VARIABLE_CAP_CHARS) : value);
      }
    }
  }

  private static boolean isOk(Scenario.Step step, Conversation.Outcome outcome) {
    return !outcome.error() && (step.okIf() == null || step.okIf().matcher(outcome.text()).find());
  }

  /** Everything captured so far. */
  Map<String, String> variables() {
    return Map.copyOf(variables);
  }

  /** The turn of a step that comes next or is half played, from 1. */
  int turn(Scenario.Step step) {
    Progress p = progress.get(step.name());
    if (p != null) {
      return half(step) ? p.turn : p.turn + 1;
    }
    int turn = 1;
    while (step.calls().isEmpty() && turn <= step.repeat() && spoken(step, turn)) {
      turn++;
    }
    return turn;
  }

  boolean done(Scenario.Step step) {
    return turn(step) > step.repeat();
  }

  /** Some of the turn's calls were made and others not: its output was cut short. */
  boolean half(Scenario.Step step) {
    Progress p = progress.get(step.name());
    return p != null && p.calls.size() < step.calls().size();
  }

  boolean made(Scenario.Step step, int call) {
    Progress p = progress.get(step.name());
    return half(step) && p != null && p.calls.contains(call);
  }

  private boolean spoken(Scenario.Step step, int turn) {
    Map<String, String> fixed = Map.of("i", "" + turn, "n", "" + step.repeat());
    String now = Template.fill(step.say(), at(step, turn)).strip();
    for (String text : conversation.assistantTexts()) {
      boolean cutShort = text.length() >= 16 && now.startsWith(text);
      if (cutShort || Template.gave(step.say(), fixed, text)) {
        return true;
      }
    }
    return false;
  }

  /** The variables of one turn of a step. */
  Map<String, String> at(Scenario.Step step, int turn) {
    Map<String, String> values = new HashMap<>(variables);
    values.put("i", "" + turn);
    values.put("n", "" + step.repeat());
    return values;
  }

  boolean holds(Scenario.When when) {
    List<String> said = new ArrayList<>(conversation.userTexts());
    for (String step : when.orFailureOf()) {
      failures(step).forEach(outcome -> said.add(outcome.text()));
    }
    return (when.said() == null || found(when.said(), said))
        && (when.notSaid() == null || !found(when.notSaid(), said))
        && when.done().stream().allMatch(name -> done(step(name)))
        && when.notDone().stream().noneMatch(name -> done(step(name)))
        && when.ok().stream().allMatch(name -> done(step(name)) && failures(name).isEmpty())
        && when.failed().stream().noneMatch(name -> failures(name).isEmpty())
        && when.notFailed().stream().allMatch(name -> failures(name).isEmpty())
        && (when.order().isEmpty() || inOrder(when.order().getFirst(), when.order().getLast()))
        && (when.result() == null || holds(when.result()));
  }

  private boolean inOrder(String earlier, String later) {
    Progress first = progress.get(earlier);
    Progress second = progress.get(later);
    return first != null && second != null && first.firstAt < second.lastAt;
  }

  private boolean holds(Scenario.Result result) {
    Progress p = progress.get(result.step());
    if (p == null || p.outcomes.isEmpty()) {
      return false;
    }
    List<String> texts = p.outcomes.stream().map(Conversation.Outcome::text).toList();
    return (result.matches() == null || found(result.matches(), texts))
        && (result.notMatches() == null || !found(result.notMatches(), texts));
  }

  private List<Conversation.Outcome> failures(String name) {
    Progress p = progress.get(name);
    Scenario.Step step = step(name);
    return p == null
        ? List.of()
        : p.outcomes.stream().filter(outcome -> !isOk(step, outcome)).toList();
  }

  private Scenario.Step step(String name) {
    return scenario.steps().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  private static boolean found(Pattern pattern, List<String> texts) {
    return texts.stream().anyMatch(text -> pattern.matcher(text).find());
  }
}
