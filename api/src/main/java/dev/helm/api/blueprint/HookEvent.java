package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** When a hook runs. */
public enum HookEvent {
  @JsonProperty("preToolUse")
  PRE_TOOL_USE("PreToolUse"),
  @JsonProperty("postToolUse")
  POST_TOOL_USE("PostToolUse"),
  @JsonProperty("userPromptSubmit")
  USER_PROMPT_SUBMIT("UserPromptSubmit"),
  @JsonProperty("stop")
  STOP("Stop"),
  @JsonProperty("subagentStop")
  SUBAGENT_STOP("SubagentStop"),
  @JsonProperty("notification")
  NOTIFICATION("Notification"),
  @JsonProperty("sessionStart")
  SESSION_START("SessionStart");

  private final String protocolName;

  HookEvent(String protocolName) {
    this.protocolName = protocolName;
  }

  /** What Claude Code's hook protocol calls it, as in {@code hook_event_name}. */
  public String protocolName() {
    return protocolName;
  }

  /** What a blueprint calls it. */
  public String word() {
    return Character.toLowerCase(protocolName.charAt(0)) + protocolName.substring(1);
  }

  /** The event of a blueprint's word, or null. */
  public static @Nullable HookEvent of(String word) {
    return Arrays.stream(values())
        .filter(event -> event.word().equals(word))
        .findFirst()
        .orElse(null);
  }

  /** A blueprint's words, in order. */
  public static List<String> words() {
    return Arrays.stream(values()).map(HookEvent::word).toList();
  }
}
