package dev.helm.activities.tools;

import dev.helm.activities.store.Runs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tools that are neither Helm's own nor brought by the blueprint: those of MCP servers. */
public interface ToolSource {
  /**
   * The tools of this source that the run has, in an order that stays; may connect, and so take
   * long. Which of them its agent is offered is looked at by the caller.
   */
  List<ToolDefinition> tools(Runs.Info run);

  /**
   * What is to be known of a tool before it is used; may connect. Only of tools that this source
   * has.
   */
  default Look look(Runs.Info run, String tool) {
    return new Look.Same(null);
  }

  /** A person who was shown {@link Look.Changed} with this token has accepted it. */
  default void accept(Runs.Info run, String tool, String token) {}

  /** How a tool is found. */
  sealed interface Look {
    /** As it was accepted. {@code hints}: what its server says of it, not to be trusted. */
    record Same(@Nullable String hints) implements Look {}

    /**
     * Not as it was accepted: people are asked whatever rules say.
     *
     * @param because why, for people
     * @param diff what has changed
     * @param token stands for exactly what was shown
     */
    record Changed(String because, String diff, String token) implements Look {}

    /** It cannot be used now. */
    record Gone(String reason) implements Look {}
  }

  /** What a tool does, or null when it is none of this source's. */
  @Nullable Effect effect(Runs.Info run, String tool);
}
