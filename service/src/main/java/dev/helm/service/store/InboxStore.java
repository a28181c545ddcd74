package dev.helm.service.store;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import org.jspecify.annotations.Nullable;

/** What waits for a person. The log changes it; nothing else does. */
public interface InboxStore {
  /** Open items that are seen, oldest first. */
  Bodies.Page<DecisionBodies.InboxItem> list(Access access, int limit, @Nullable String cursor);

  /**
   * A permission in whatever state: {@code open}, {@code decided}, or {@code expired} when nobody
   * answered in time or the run ended first. Null when there is none that is seen.
   */
  DecisionBodies.@Nullable Permission permission(Access access, String id);

  /**
   * A question (of the agent, or about an unknown outcome) in whatever state; null when none is
   * seen.
   */
  @Nullable Question question(Access access, String id);

  /** Which agent of its run asked; the main one for an unknown id. */
  String agentOf(String id);

  /**
   * A question's state: {@code open answered expired}.
   *
   * @param kind {@code question} or {@code unknown}
   */
  record Question(
      String id,
      String run,
      String kind,
      String state,
      DecisionBodies.InboxItem item,
      @Nullable String answer,
      @Nullable String by,
      @Nullable String at) {}
}
