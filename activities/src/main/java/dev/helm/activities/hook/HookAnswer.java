package dev.helm.activities.hook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a hook says. Whatever is not clearly an answer blocks: a gate that cannot be understood is
 * closed.
 *
 * @param decision what it wants
 * @param reason for the model, or for people
 * @param input the arguments that it wants instead, as exact JSON; null for no change
 * @param context text that the model is to read besides
 * @param clear whether it was an answer at all
 */
record HookAnswer(
    Decision decision,
    @Nullable String reason,
    @Nullable String input,
    @Nullable String context,
    boolean clear) {
  private static final int REASON_CHARS_MAX = 2_000;
  private static final int CONTEXT_CHARS_MAX = 10_000;

  /** Where plain text on stdout is context, as Claude Code has it. */
  private static final Set<HookEvent> TEXT_IS_CONTEXT =
      Set.of(HookEvent.SESSION_START, HookEvent.USER_PROMPT_SUBMIT);

  /** What a hook can want. */
  enum Decision {
    /** Nothing. */
    PASS,
    ALLOW,
    ASK,
    /** Deny, block, or go on, as the event has it. */
    BLOCK
  }

  static HookAnswer of(HookEvent event, HookRunner.Output output) {
    if (output.broken() != null) {
      return unclear(output.broken());
    }
    String words = text(output.words(), REASON_CHARS_MAX);
    if (output.code() == 2) {
      return new HookAnswer(
          Decision.BLOCK, words.isEmpty() ? "it gave no reason" : words, null, null, true);
    }
    if (output.code() != 0) {
      return unclear(
          "it ended with exit code " + output.code() + (words.isEmpty() ? "" : ": " + words));
    }
    String out = WellFormed.text(output.out()).strip();
    if (out.isEmpty()) {
      return new HookAnswer(Decision.PASS, null, null, null, true);
    }
    if (!out.startsWith("{")) {
      return TEXT_IS_CONTEXT.contains(event)
          ? new HookAnswer(Decision.PASS, null, null, text(out, CONTEXT_CHARS_MAX), true)
          : unclear("what it printed is no JSON object");
    }
    try {
      return read(event, HelmJson.mapper().readTree(out));
    } catch (JsonProcessingException | StackOverflowError e) {
      return unclear("what it printed is no JSON object");
    }
  }

  private static HookAnswer unclear(String why) {
    return new HookAnswer(Decision.BLOCK, "it did not work: " + why, null, null, false);
  }

  private static HookAnswer read(HookEvent event, JsonNode answer) {
    JsonNode specific = answer.path("hookSpecificOutput");
    String odd = odd(answer, specific);
    if (odd != null) {
      return unclear(odd);
    }
    String named = specific.path("hookEventName").asText(event.protocolName());
    if (!named.equals(event.protocolName())) {
      return unclear(
          "it answers to " + text(named, 100) + ", and was asked " + event.protocolName());
    }
    String context = specific.path("additionalContext").asText("");
    String kept = context.isBlank() ? null : text(context, CONTEXT_CHARS_MAX);
    if (answer.path("continue").isBoolean() && !answer.path("continue").asBoolean()) {
      return new HookAnswer(
          Decision.BLOCK, reason(answer.path("stopReason"), "it wants no more"), null, kept, true);
    }
    return event == HookEvent.PRE_TOOL_USE ? ofCall(answer, specific, kept) : ofOther(answer, kept);
  }

  /** Which member that decides is there and is not what it has to be, or null. */
  private static @Nullable String odd(JsonNode answer, JsonNode specific) {
    if (!missing(specific) && !specific.isObject()) {
      return "its hookSpecificOutput is no object";
    }
    for (String name : List.of("hookEventName", "permissionDecision")) {
      if (!missing(specific.path(name)) && !specific.path(name).isTextual()) {
        return "its " + name + " is no text";
      }
    }
    if (!missing(answer.path("decision")) && !answer.path("decision").isTextual()) {
      return "its decision is no text";
    }
    return missing(answer.path("continue")) || answer.path("continue").isBoolean()
        ? null
        : "its continue is neither true nor false";
  }

  private static boolean missing(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }

  private static HookAnswer ofCall(JsonNode answer, JsonNode specific, @Nullable String context) {
    String word = specific.path("permissionDecision").asText(answer.path("decision").asText(""));
    JsonNode why =
        specific.has("permissionDecisionReason")
            ? specific.path("permissionDecisionReason")
            : answer.path("reason");
    Decision decision;
    switch (word) {
      case "" -> decision = Decision.PASS;
      case "allow", "approve" -> decision = Decision.ALLOW;
      // A durable wait is what asking people is.
      case "ask", "defer" -> decision = Decision.ASK;
      case "deny", "block" -> decision = Decision.BLOCK;
      default -> {
        return unclear("it decides \"" + text(word, 50) + "\"");
      }
    }
    JsonNode input = specific.path("updatedInput");
    if (!input.isMissingNode() && !input.isNull() && !input.isObject()) {
      return unclear("its updatedInput is no object");
    }
    if (input.isObject() && !hasOneMeaning(input.toString())) {
      return unclear("its updatedInput does not have one meaning");
    }
    return new HookAnswer(
        decision,
        decision == Decision.PASS ? null : reason(why, "it gave no reason"),
        input.isObject() ? input.toString() : null,
        context,
        true);
  }

  private static boolean hasOneMeaning(String arguments) {
    try {
      CanonicalJson.write(HelmJson.readObject(arguments));
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static HookAnswer ofOther(JsonNode answer, @Nullable String context) {
    String word = answer.path("decision").asText("");
    return switch (word) {
      case "", "approve" -> new HookAnswer(Decision.PASS, null, null, context, true);
      case "block" ->
          new HookAnswer(
              Decision.BLOCK,
              reason(answer.path("reason"), "it gave no reason"),
              null,
              context,
              true);
      default -> unclear("it decides \"" + text(word, 50) + "\"");
    };
  }

  private static String reason(JsonNode node, String otherwise) {
    String reason = text(node.asText(""), REASON_CHARS_MAX);
    return reason.isEmpty() ? otherwise : reason;
  }

  /** Without what a terminal would obey, and not longer than can be read. */
  private static String text(String foreign, int charsMax) {
    String clean =
        foreign
            .replaceAll("\u001b\\[[0-?]*[ -/]*[@-~]", "")
            .replaceAll("[\\p{Cc}&&[^\\n\\t]]", "")
            .strip();
    if (clean.length() <= charsMax) {
      return clean;
    }
    int end = Character.isHighSurrogate(clean.charAt(charsMax - 1)) ? charsMax - 1 : charsMax;
    return clean.substring(0, end) + " …";
  }
}
