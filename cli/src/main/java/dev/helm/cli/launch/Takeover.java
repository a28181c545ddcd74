package dev.helm.cli.launch;

import dev.helm.cli.launch.RunState.ChildState;
import java.util.ArrayList;
import java.util.List;

/**
 * Ends what a dead launcher left behind. Only processes whose start time is the recorded one are
 * touched, so that a number given to another process since is safe.
 */
final class Takeover {
  private static final long GRACE_MS = 10_000;
  private static final long KILL_WAIT_MS = 5_000;

  private Takeover() {}

  /** Ends the children in reverse order; returns the names of those that were still alive. */
  static List<String> endLeftovers(RunState state) throws InterruptedException {
    List<String> ended = new ArrayList<>();
    if (!state.ofThisBoot()) {
      return ended;
    }
    for (ChildState child : state.children().reversed()) {
      if (child.process().alive()) {
        end(child);
        ended.add(child.name());
      }
    }
    return ended;
  }

  private static void end(ChildState child) throws InterruptedException {
    child.process().end(false);
    if (!gone(child, GRACE_MS)) {
      child.process().end(true);
      gone(child, KILL_WAIT_MS);
    }
  }

  private static boolean gone(ChildState child, long waitMs) throws InterruptedException {
    long deadline = System.nanoTime() + waitMs * 1_000_000;
    while (child.process().alive()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      Thread.sleep(20);
    }
    return true;
  }
}
