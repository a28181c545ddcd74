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
import java.util.function.Consumer;
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
  final @Nullable String agent;
  final CompletableFuture<ToolEnd> end = new CompletableFuture<>();
  private final byte[] inputSha256;
  private final List<Consumer<Verdict>> questions = new ArrayList<>();
  private byte[] executedSha256 = new byte[0];
  private @Nullable JsonNode input;
  private String filePath;
  private @Nullable Verdict verdict;

  /**
   * What Helm has decided.
   *
   * @param input what runs, if it is allowed
   * @param reason why not, if it is denied
   */
  record Verdict(boolean allowed, JsonNode input, String reason) {
    static Verdict denied(String reason) {
      return new Verdict(false, NullNode.instance, reason);
    }

    /** As a hook of the runtime says it. */
    ObjectNode asHook() {
      ObjectNode response = HelmJson.mapper().createObjectNode();
      ObjectNode hook = response.putObject("hookSpecificOutput");
      hook.put("hookEventName", "PreToolUse");
      hook.put("permissionDecision", allowed ? "allow" : "deny");
      hook.put("permissionDecisionReason", allowed ? "allowed by Helm" : reason);
      if (allowed) {
        hook.set("updatedInput", input);
      }
      return response;
    }

    /** As the runtime's own permission check has it. */
    ObjectNode asPermission() {
      ObjectNode response = HelmJson.mapper().createObjectNode();
      if (allowed) {
        response.put("behavior", "allow").set("updatedInput", input);
      } else {
        response.put("behavior", "deny").put("message", reason);
      }
      return response;
    }
  }

  /**
   * A call.
   *
   * @param agent the label of the sub-agent that asks, or null
   */
  PendingCall(String id, String wireTool, JsonNode input, @Nullable String agent) {
    this.id = id;
    this.wireTool = wireTool;
    this.input = input;
    this.agent = agent;
    this.filePath = FilePaths.of(wireTool, input);
    this.inputSha256 = sha256(input);
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

  /** The file that the call is about, as it runs; empty for none. */
  String filePath() {
    return filePath;
  }

  /** Whether it is this that was asked. */
  boolean asks(String tool, JsonNode other) {
    return wireTool.equals(tool) && MessageDigest.isEqual(inputSha256, sha256(other));
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

  /** Whether it is this that was asked, or what was made of it. */
  boolean isOf(String tool, JsonNode other) {
    return asks(tool, other) || runs(tool, other);
  }

  /** Whether it is this that was let go. */
  boolean runs(String tool, JsonNode other) {
    return wireTool.equals(tool) && MessageDigest.isEqual(executedSha256, sha256(other));
  }

  boolean decided() {
    return verdict != null;
  }

  boolean allowed() {
    return verdict != null && verdict.allowed;
  }

  /** Somebody asks: at once if it is decided, else as soon as it is. */
  void asked(Consumer<Verdict> question) {
    Verdict made = verdict;
    if (made == null) {
      questions.add(question);
    } else {
      question.accept(made);
    }
  }

  /** How many wait for the verdict. */
  int waiting() {
    return questions.size();
  }

  void allow(JsonNode executed) {
    if (verdict == null) {
      filePath = FilePaths.of(wireTool, executed);
      executedSha256 = sha256(executed);
    }
    decide(new Verdict(true, executed, ""));
  }

  void deny(String reason) {
    decide(Verdict.denied(reason));
  }

  private void decide(Verdict made) {
    if (verdict == null) {
      verdict = made;
      questions.forEach(each -> each.accept(made));
      questions.clear();
      input = null;
    }
  }
}
