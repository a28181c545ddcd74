package dev.helm.workflows;

import io.temporal.activity.ActivityInterface;
import java.util.List;

/** Writes facts that the workflow itself knows, and ends a run. */
@ActivityInterface
public interface LogActivity {
  /**
   * Type of the failure of any activity whose run, or epoch, has ended in the log. It will not
   * pass, so nothing is tried again. The store's exception has this name.
   */
  String RUN_ENDED = "dev.helm.service.store.RunEndedException";

  /** Appends the facts in one transaction, each once. */
  void append(String run, List<Fact> facts);

  /**
   * Appends the last facts, with an end for every call that was started and has none, then frees
   * what the run held: its container and its model token. What cannot be freed at once is left to
   * the reaper.
   *
   * <p>A run does not succeed while a message waits that was acknowledged to a person: then nothing
   * is written.
   */
  End finish(String run, List<Fact> facts);

  /**
   * Whether the run has ended.
   *
   * @param unread ids of messages that have to be read first, oldest first; none when it has ended
   */
  record End(List<String> unread) {
    /** Copies the list. */
    public End {
      unread = List.copyOf(unread);
    }
  }
}
