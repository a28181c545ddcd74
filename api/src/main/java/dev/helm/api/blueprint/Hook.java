package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * A program that is asked before or told after something happens, in Claude Code's hook protocol.
 *
 * @param matcher a regular expression that the whole tool name has to match; empty for every tool
 * @param command the program and its arguments; {@code ./} is the directory of {@code hookFiles}
 * @param timeoutMs longest time of one run
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Hook(String matcher, List<String> command, long timeoutMs) {
  public Hook {
    matcher = matcher == null ? "" : matcher;
    command = List.copyOf(command);
  }
}
