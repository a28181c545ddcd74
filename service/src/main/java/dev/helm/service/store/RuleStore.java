package dev.helm.service.store;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import org.jspecify.annotations.Nullable;

/** Rules that people had remembered. A decision in the log makes one; a person revokes it. */
public interface RuleStore {
  /** Most rules that hold in one run at a time. */
  int HOLDING_MAX = 500;

  /**
   * Rules that are seen, newest first, those that no longer hold too.
   *
   * @param run full id of a run: what was remembered in it, and what holds in it; null for all
   * @param blueprint a blueprint's name, null for all
   */
  Bodies.Page<DecisionBodies.RememberedRule> list(
      Access access,
      @Nullable String run,
      @Nullable String blueprint,
      int limit,
      @Nullable String cursor);

  /** One rule, or null when none is seen. */
  DecisionBodies.@Nullable RememberedRule find(Access access, String id);

  /** Takes it back from now on; one that is revoked stays as it is. */
  void revoke(String id, String by);
}
