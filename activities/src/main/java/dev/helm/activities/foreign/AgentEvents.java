package dev.helm.activities.foreign;

import org.jspecify.annotations.Nullable;

/** What a driver tells while its agent works. Safe from any thread. */
public interface AgentEvents {
  /** A piece of what the agent says, for whoever watches now. */
  void says(String text);

  /**
   * To be called before a message is given to the agent.
   *
   * @return whether to give it: false when a person took it back, or it was read already
   */
  boolean reads(String messageId);

  /**
   * A sub-agent of the runtime's has come to its end.
   *
   * @param toolUseId the call that asked for it
   * @param outcome {@code succeeded failed cancelled}
   */
  default void ended(String subagent, String toolUseId, String outcome, @Nullable String reason) {}

  /** A call that came by the runtime's lock was refused, and nothing of it is in the log. */
  default void refused(String why) {}

  /** The agent goes on in another way than it was to; {@code reason} is for people. */
  default void goesOn(String reason) {}
}
