package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.tools.ToolEnd;
import dev.helm.workflows.HelmJson;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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
  private static final JsonMapper SORTED =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();

  final String id;
  final String wireTool;
  final String filePath;
  private volatile @Nullable JsonNode input;
  private byte[] inputSha256 = new byte[0];
  final CompletableFuture<ToolEnd> end = new CompletableFuture<>();
  private final List<Question> questions = new ArrayList<>();
  private @Nullable Verdict verdict;

  private record Question(String requestId, boolean hook) {}

  private record Verdict(boolean allowed, JsonNode input, String reason) {}

  PendingCall(String id, String wireTool, JsonNode input) {
    this.id = id;
    this.wireTool = wireTool;
    this.input = input;
    this.filePath = input.path("file_path").asText();
  }

  /** As rules and people know it. */
  String tool() {
    return OwnTools.helmName(wireTool);
  }

  /** What was asked; null once it is decided, as only its hash is kept. */
  @Nullable JsonNode input() {
    return input;
  }

  /** As Helm's tool has them; empty once it is decided. */
  String arguments() {
    JsonNode asked = input;
    return asked == null ? "{}" : OwnTools.helmArguments(wireTool, asked);
  }

  /** Whether it is this that was asked. */
  boolean asks(JsonNode other) {
    JsonNode asked = input;
    return asked == null ? MessageDigest.isEqual(inputSha256, sha256(other)) : asked.equals(other);
  }

  private static byte[] sha256(JsonNode input) {
    try {
      byte[] json = SORTED.writeValueAsBytes(SORTED.treeToValue(input, Object.class));
      return MessageDigest.getInstance("SHA-256").digest(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("arguments that are no JSON", e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
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
    decide(new Verdict(false, NullNode.instance, reason), line);
  }

  private void decide(Verdict made, ControlLine line) {
    if (verdict == null) {
      verdict = made;
      questions.forEach(each -> answer(each, made, line));
      questions.clear();
      JsonNode asked = input;
      if (asked != null) {
        inputSha256 = sha256(asked);
        input = null;
      }
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
