package dev.helm.service.ledger;

import dev.helm.api.Usd;

/** Told when a call cost more than was held for it: the run has to stop and somebody to look. */
@FunctionalInterface
public interface OverListener {
  /** On the writer's thread, after the charge is on disk; must not block. */
  void over(String run, String reservation, Usd held, Usd actual);
}
