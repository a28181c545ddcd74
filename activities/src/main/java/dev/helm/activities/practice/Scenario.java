package dev.helm.activities.practice;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One scenario file. docs/practice-model.md explains every field.
 *
 * @param match which conversations it plays; a scenario without a condition plays none
 * @param vars variables and their values until a capture gives another
 * @param said variables captured from what the person wrote; the newest match counts
 */
record Scenario(
    String name,
    String description,
    Match match,
    Map<String, String> vars,
    Map<String, Pattern> said,
    List<Step> steps) {
  private static final int STEPS_CAP = 500;

  /**
   * @param system found in the system prompt
   * @param user found in the first user message
   */
  record Match(@Nullable Pattern system, @Nullable Pattern user) {
    boolean fits(String systemPrompt, String firstUser) {
      return (system != null || user != null)
          && (system == null || system.matcher(systemPrompt).find())
          && (user == null || user.matcher(firstUser).find());
    }
  }

  /** A tool call; every string inside {@code args} is a template. */
  record Call(String tool, ObjectNode args, int paceMs, int pieceChars, boolean evenIfNotOffered) {
    @JsonCreator
    Call(
        @JsonProperty(value = "tool", required = true) String tool,
        @JsonProperty("args") @Nullable ObjectNode args,
        @JsonProperty("paceMs") @Nullable Integer paceMs,
        @JsonProperty("pieceChars") @Nullable Integer pieceChars,
        @JsonProperty("evenIfNotOffered") boolean evenIfNotOffered) {
      this(
          tool,
          args == null ? JsonNodeFactory.instance.objectNode() : args,
          within("paceMs", paceMs, 0, 0, 10_000),
          within("pieceChars", pieceChars, 24, 1, 10_000),
          evenIfNotOffered);
    }
  }

  /** A step's tool result, as a condition. */
  record Result(String step, @Nullable Pattern matches, @Nullable Pattern notMatches) {}

  /**
   * All that is named has to hold.
   *
   * @param orFailureOf steps whose failed results also count as something that a person said
   * @param order the first named step was played before the second
   */
  record When(
      @Nullable Pattern said,
      @Nullable Pattern notSaid,
      List<String> orFailureOf,
      List<String> done,
      List<String> notDone,
      List<String> ok,
      List<String> failed,
      List<String> notFailed,
      List<String> order,
      @Nullable Result result) {
    static final When ALWAYS =
        new When(
            null, null, List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
            null);

    When {
      orFailureOf = orEmpty(orFailureOf);
      done = orEmpty(done);
      notDone = orEmpty(notDone);
      ok = orEmpty(ok);
      failed = orEmpty(failed);
      notFailed = orEmpty(notFailed);
      order = orEmpty(order);
      if (!order.isEmpty() && order.size() != 2) {
        throw new IllegalArgumentException("order names two steps: [earlier, later]");
      }
    }

    Set<String> steps() {
      Set<String> names = new HashSet<>();
      List.of(orFailureOf, done, notDone, ok, failed, notFailed, order).forEach(names::addAll);
      if (result != null) {
        names.add(result.step());
      }
      return names;
    }
  }

  /**
   * A fault that is played in a step's place or inside its stream.
   *
   * @param times how often, in this process's life, for each state of a conversation
   */
  record Fault(
      int times,
      int status,
      int retryAfterS,
      int delayMs,
      int cutAfterEvents,
      int stallAfterEvents,
      int stallMs,
      int garbageAfterEvents,
      int errorAfterEvents,
      int errorStatus) {
    @JsonCreator
    Fault(
        @JsonProperty("times") @Nullable Integer times,
        @JsonProperty("status") @Nullable Integer status,
        @JsonProperty("retryAfterS") @Nullable Integer retryAfterS,
        @JsonProperty("delayMs") @Nullable Integer delayMs,
        @JsonProperty("cutAfterEvents") @Nullable Integer cutAfterEvents,
        @JsonProperty("stallAfterEvents") @Nullable Integer stallAfterEvents,
        @JsonProperty("stallMs") @Nullable Integer stallMs,
        @JsonProperty("garbageAfterEvents") @Nullable Integer garbageAfterEvents,
        @JsonProperty("errorAfterEvents") @Nullable Integer errorAfterEvents,
        @JsonProperty("errorStatus") @Nullable Integer errorStatus) {
      this(
          within("times", times, 1, 1, 1_000_000),
          within("status", status, 0, 400, 599),
          within("retryAfterS", retryAfterS, 0, 0, 86_400),
          within("delayMs", delayMs, 0, 0, 3_600_000),
          within("cutAfterEvents", cutAfterEvents, -1, 0, 1_000_000),
          within("stallAfterEvents", stallAfterEvents, 3, 0, 1_000_000),
          within("stallMs", stallMs, 0, 0, 3_600_000),
          within("garbageAfterEvents", garbageAfterEvents, -1, 0, 1_000_000),
          within("errorAfterEvents", errorAfterEvents, -1, 0, 1_000_000),
          within("errorStatus", errorStatus, 529, 400, 599));
    }
  }

  /**
   * One turn of the model, or {@code repeat} turns.
   *
   * @param okIf a result that does not match counts as failed
   * @param capture variables from results that are ok: name to a pattern whose group 1 (or whole
   *     match) is taken
   * @param captureFailed the same from failed results
   */
  record Step(
      String name,
      String say,
      int paceMs,
      int pieceChars,
      List<Call> calls,
      When when,
      @Nullable Pattern okIf,
      Map<String, Pattern> capture,
      Map<String, Pattern> captureFailed,
      int repeat,
      List<Fault> fault) {
    @JsonCreator
    Step(
        @JsonProperty(value = "name", required = true) String name,
        @JsonProperty("say") @Nullable String say,
        @JsonProperty("paceMs") @Nullable Integer paceMs,
        @JsonProperty("pieceChars") @Nullable Integer pieceChars,
        @JsonProperty("calls") @Nullable List<Call> calls,
        @JsonProperty("when") @Nullable When when,
        @JsonProperty("okIf") @Nullable Pattern okIf,
        @JsonProperty("capture") @Nullable Map<String, Pattern> capture,
        @JsonProperty("captureFailed") @Nullable Map<String, Pattern> captureFailed,
        @JsonProperty("repeat") @Nullable Integer repeat,
        @JsonProperty("fault") @Nullable List<Fault> fault) {
      this(
          name,
          say == null ? "" : say.strip(),
          within("paceMs", paceMs, 0, 0, 10_000),
          within("pieceChars", pieceChars, 12, 1, 10_000),
          orEmpty(calls),
          when == null ? When.ALWAYS : when,
          okIf,
          orEmpty(capture),
          orEmpty(captureFailed),
          within("repeat", repeat, 1, 1, 1_000_000),
          orEmpty(fault));
      if (this.say.isEmpty() && this.calls.isEmpty()) {
        throw new IllegalArgumentException("step " + name + " neither says nor calls anything");
      }
      if (this.calls.size() > 200) {
        throw new IllegalArgumentException("step " + name + " has more than 200 calls");
      }
    }
  }

  @JsonCreator
  Scenario(
      @JsonProperty(value = "name", required = true) String name,
      @JsonProperty("description") @Nullable String description,
      @JsonProperty(value = "match", required = true) Match match,
      @JsonProperty("vars") @Nullable Map<String, String> vars,
      @JsonProperty("said") @Nullable Map<String, Pattern> said,
      @JsonProperty(value = "steps", required = true) List<Step> steps) {
    this.name = name;
    this.description = description == null ? "" : description;
    this.match = match;
    this.vars = orEmpty(vars);
    this.said = orEmpty(said);
    this.steps = List.copyOf(steps);
    checkNames();
    checkVariables();
  }

  private void checkNames() {
    if (steps.size() > STEPS_CAP) {
      throw new IllegalArgumentException("more than " + STEPS_CAP + " steps");
    }
    Set<String> names = new HashSet<>();
    for (Step step : steps) {
      if (!names.add(step.name())) {
        throw new IllegalArgumentException("two steps are named " + step.name());
      }
    }
    for (Step step : steps) {
      for (String other : step.when().steps()) {
        if (!names.contains(other)) {
          throw new IllegalArgumentException(
              "step " + step.name() + " speaks of a step " + other + " that does not exist");
        }
      }
    }
  }

  private void checkVariables() {
    Set<String> known = new HashSet<>(Set.of("i", "n"));
    known.addAll(vars.keySet());
    known.addAll(said.keySet());
    for (Step step : steps) {
      known.addAll(step.capture().keySet());
      known.addAll(step.captureFailed().keySet());
    }
    for (Step step : steps) {
      Set<String> used = new HashSet<>(Template.names(step.say()));
      step.calls().forEach(call -> used.addAll(Template.names(call.args())));
      used.removeAll(known);
      if (!used.isEmpty()) {
        throw new IllegalArgumentException(
            "step " + step.name() + " uses " + used + ", which nothing captures");
      }
    }
  }

  private static int within(String name, @Nullable Integer value, int absent, int least, int most) {
    if (value == null) {
      return absent;
    }
    if (value < least || value > most) {
      throw new IllegalArgumentException(name + " is " + value + ", not " + least + " to " + most);
    }
    return value;
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  private static <T> Map<String, T> orEmpty(@Nullable Map<String, T> map) {
    return map == null ? Map.of() : Map.copyOf(map);
  }
}
