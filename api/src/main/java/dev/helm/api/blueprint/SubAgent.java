package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sub-agent that can be asked for by its name.
 *
 * @param description when to ask for it; the model is told
 * @param instructions its system prompt
 * @param tools of its parent's tools those that it has; empty for all
 * @param model the name of its model; null for its parent's
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SubAgent(
    String description, String instructions, List<String> tools, @Nullable String model) {
  public SubAgent {
    tools = Kept.list(tools);
  }
}
