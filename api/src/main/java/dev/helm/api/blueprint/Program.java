package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/**
 * The agent's own program, run in {@code sandbox.image} with the workspace as its directory.
 *
 * @param command the program and its arguments
 * @param env plain text for its environment
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Program(List<String> command, Map<String, String> env) {
  public Program {
    command = List.copyOf(command);
    env = Kept.map(env);
  }
}
