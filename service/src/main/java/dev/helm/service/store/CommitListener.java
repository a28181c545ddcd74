package dev.helm.service.store;

import java.util.List;

/** Told of events after they are on disk, in the order of {@code pos}, by the writer's thread. */
@FunctionalInterface
public interface CommitListener {
  /** Must neither block nor throw. */
  void committed(List<Committed> events);

  /**
   * An event that is on disk.
   *
   * @param pos the store's global position, 1..n without gaps
   * @param project project of the run, which says who may see the event
   * @param json the event as clients read it
   */
  record Committed(long pos, String run, String project, long seq, String type, String json) {}
}
