package dev.helm.activities.foreign;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an agent wants next. {@code said} is what it has said since the last time. */
public sealed interface Next {
  /** It asks for actions and waits for all of their results; at least one. */
  record Calls(String said, List<Asked> calls) implements Next {
    /** Keeps the list. */
    public Calls {
      calls = List.copyOf(calls);
    }
  }

  /**
   * An action.
   *
   * @param toolUseId new in this run, at most 128 characters
   * @param arguments exact JSON text
   * @param agent the label of the sub-agent that asks, or null for the run's own agent
   */
  record Asked(String toolUseId, String tool, String arguments, @Nullable String agent) {
    /** Of the run's own agent. */
    public Asked(String toolUseId, String tool, String arguments) {
      this(toolUseId, tool, arguments, null);
    }
  }

  /** It has ended well. */
  record Ended(String said) implements Next {}

  /** It has ended badly, by its own doing; {@code reason} is for people. */
  record Failed(String said, String reason) implements Next {}

  /** It was taken away (its container is gone) and is to be started anew. */
  record Lost(String said, String reason) implements Next {}

  /** A person's message interrupts the wait; the agent goes on. */
  record Interrupted() implements Next {}
}
