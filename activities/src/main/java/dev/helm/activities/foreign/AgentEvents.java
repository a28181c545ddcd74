package dev.helm.activities.foreign;

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
}
