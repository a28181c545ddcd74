package dev.helm.workflows;

import io.temporal.activity.ActivityInterface;
import java.util.List;

/** Writes facts that the workflow itself knows, and ends a run. */
@ActivityInterface
public interface LogActivity {
  /** Appends the facts in one transaction, each once. */
  void append(String run, List<Fact> facts);

  /**
   * Appends the last facts, then frees what the run held: its container and its model token.
   * Freeing is repeated by the reaper if this process dies in between.
   */
  void finish(String run, List<Fact> facts);
}
