package dev.helm.activities.foreign;

import dev.helm.activities.store.Runs;
import dev.helm.api.Secret;
import java.util.List;

/**
 * What an agent's life begins with.
 *
 * @param session names this life among all lives of all runs: 16 hex digits
 * @param task the first message, with the inputs filled in
 * @param resumed whether an earlier life may have done some of the work
 * @param history the conversation so far with all results, oldest first: JSON objects in the form
 *     of the model's messages ({@code text}, {@code tool_use}, {@code tool_result})
 * @param messages what people say, to be given at the start
 * @param modelToken for the key proxy
 */
public record SessionStart(
    Runs.Info info,
    int epoch,
    String session,
    String task,
    boolean resumed,
    List<String> history,
    List<Given.Message> messages,
    Secret modelToken,
    AgentEvents events) {
  /** Keeps the lists. */
  public SessionStart {
    history = List.copyOf(history);
    messages = List.copyOf(messages);
  }

  /** The run's id. */
  public String run() {
    return info.run();
  }
}
