package dev.helm.activities.practice;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the practice model answers to one request, before faults and limits.
 *
 * @param name of the step and its turn, to count faults by
 */
record Turn(String name, List<Block> blocks, List<Scenario.Fault> faults) {
  /** A content block. */
  sealed interface Block {
    int paceMs();

    int pieceChars();
  }

  record Say(String text, int paceMs, int pieceChars) implements Block {}

  /**
   * @param input the arguments' JSON text
   */
  record Use(String id, String tool, String input, int paceMs, int pieceChars) implements Block {}

  /**
   * Chooses the turn: the first step that is not done and whose condition holds.
   *
   * @param scenario null plays the built-in one, which explains itself
   */
  static Turn choose(@Nullable Scenario scenario, Conversation conversation, Offer offer) {
    if (scenario == null) {
      return new Turn("built-in", List.of(new Say(explain(conversation), 0, 24)), List.of());
    }
    Played played = new Played(scenario, conversation);
    for (Scenario.Step step : scenario.steps()) {
      boolean next = played.half(step) || !played.done(step) && played.holds(step.when());
      if (next) {
        return of(scenario, step, played, offer);
      }
    }
    String end = "The scenario \"" + scenario.name() + "\" of the practice model ends here.";
    return new Turn("end", List.of(new Say(end, 0, 24)), List.of());
  }

  private static Turn of(Scenario scenario, Scenario.Step step, Played played, Offer offer) {
    int turn = played.turn(step);
    Map<String, String> values = played.at(step, turn);
    StepIds ids = new StepIds(scenario.name());
    List<Block> blocks = new java.util.ArrayList<>();
    String say = Template.fill(step.say(), values);
    if (!say.isBlank() && !played.half(step)) {
      blocks.add(new Say(say, step.paceMs(), step.pieceChars()));
    }
    for (int c = 0; c < step.calls().size(); c++) {
      Scenario.Call call = step.calls().get(c);
      if (played.made(step, c)) {
        continue;
      }
      if (!call.evenIfNotOffered() && !offer.tools().contains(call.tool())) {
        return missing(scenario, step, call.tool());
      }
      String input = Template.fill(call.args(), values).toString();
      String id = ids.make(step.name(), turn, c);
      blocks.add(new Use(id, call.tool(), input, call.paceMs(), call.pieceChars()));
      if (offer.oneCall()) {
        break;
      }
    }
    return new Turn(step.name() + "#" + turn, List.copyOf(blocks), step.fault());
  }

  private static Turn missing(Scenario scenario, Scenario.Step step, String tool) {
    String text =
        "This is the practice model. Its scenario \"%s\" wants to call %s in step %s, and this run does not offer that tool. Add it to the blueprint's tools, or change the scenario."
            .formatted(scenario.name(), tool, step.name());
    return new Turn("missing", List.of(new Say(text, 0, 24)), List.of());
  }

  private static String explain(Conversation conversation) {
    String task = conversation.firstUser().lines().findFirst().orElse("");
    String shown = task.length() > 200 ? task.substring(0, 200) + "…" : task;
    return """
        This is Helm's practice model, not a language model. No model key is configured, so nothing was thought about: it plays scenario files, and none of them matches this run.

        The task was: %s

        To let a real model do it, store a key with `helm key set` and start the run again. To practise, start one of the examples, or write a scenario as docs/practice-model.md shows, into the folder scenarios of HELM_HOME (`helm down` and `helm up` read it). I finish here and have changed nothing."""
        .formatted(shown.isBlank() ? "(empty)" : shown);
  }

  /**
   * @param oneCall the client takes one tool call a turn
   */
  record Offer(List<String> tools, boolean oneCall) {}
}
