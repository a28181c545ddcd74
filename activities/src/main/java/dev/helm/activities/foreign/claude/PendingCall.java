package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.tools.ToolEnd;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call that the runtime asks about. Nothing but a verdict of Helm's answers it, and it answers
 * each question about this call alike: allowed with exactly the arguments that the gate has seen,
 * or denied. Guarded by its session.
 */
final class PendingCall {
  final String id;
  final String wireTool;
  final JsonNode input;
  final CompletableFuture<ToolEnd> end = new CompletableFuture<>();
  private final List<Question> questions = new ArrayList<>();
  private @Nullable Verdict verdict;

  private record Question(String requestId, boolean hook) {}

  private record Verdict(boolean allowed, JsonNode input, String reason) {}

  PendingCall(String id, String wireTool, JsonNode input) {
    this.id = id;
    this.wireTool = wireTool;
    this.input = input;
  }

  /** As rules and people know it. */
  String tool() {
    return OwnTools.helmName(wireTool);
  }

  boolean decided() {
    return verdict != null;
  }

  boolean allowed() {
    return verdict != null && verdict.allowed;
  }

  /** Why it was denied; empty when it was not. */
  String reason() {
    return verdict == null ? "" : verdict.reason;
  }

  /** A hook asks, or the runtime's own permission check. */
  void asked(String requestId, boolean hook, ControlLine line) {
    Question question = new Question(requestId, hook);
    if (verdict == null) {
      questions.add(question);
    } else {
      answer(question, verdict, line);
    }
  }

  void allow(JsonNode executed, ControlLine line) {
    decide(new Verdict(true, executed, ""), line);
  }

  void deny(String reason, ControlLine line) {
    decide(new Verdict(false, input, reason), line);
  }

  private void decide(Verdict made, ControlLine line) {
    if (verdict == null) {
      verdict = made;
      questions.forEach(each -> answer(each, made, line));
      questions.clear();
    }
  }

  private static void answer(Question to, Verdict verdict, ControlLine line) {
    ObjectNode response = HelmJson.mapper().createObjectNode();
    if (to.hook) {
      ObjectNode hook = response.putObject("hookSpecificOutput");
      hook.put("hookEventName", "PreToolUse");
      hook.put("permissionDecision", verdict.allowed ? "allow" : "deny");
      hook.put("permissionDecisionReason", verdict.allowed ? "allowed by Helm" : verdict.reason);
      if (verdict.allowed) {
        hook.set("updatedInput", verdict.input);
      }
    } else if (verdict.allowed) {
      response.put("behavior", "allow").set("updatedInput", verdict.input);
    } else {
      response.put("behavior", "deny").put("message", verdict.reason);
    }
    line.answer(to.requestId, response);
  }
}
