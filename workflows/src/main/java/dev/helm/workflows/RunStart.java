package dev.helm.workflows;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an epoch starts with. All content is referred to by hash: history stays small.
 *
 * @param run full run id
 * @param epoch 1 for the first life
 * @param turnsMax most model calls of the run
 * @param wallTimeMs most working time, waiting for people not counted
 * @param budgetWaitMs how long a run waits for money before it fails
 * @param carry what an earlier execution of the same epoch handed on, null at the start
 * @param image id of the image that containers are made from, null where there is no engine
 */
public record RunStart(
    String run,
    int epoch,
    int turnsMax,
    long wallTimeMs,
    long budgetWaitMs,
    @Nullable Carry carry,
    @Nullable String image) {

  /**
   * Everything that survives continue-as-new, which happens only between turns.
   *
   * @param turn turns made so far
   * @param round how often the present turn was begun anew (interrupted, or money was missing)
   * @param head the conversation's newest node
   * @param results results of the last turn's calls, for the next model call
   * @param messages steering that nobody has read yet, oldest first
   * @param pausedBy who paused the run, null if nobody
   * @param pauseLogged whether {@code run.paused} by a person stands unanswered in the log
   * @param workedMs working time so far
   * @param notes how many numbered facts this epoch has written
   * @param seen ids of the newest signals, oldest first
   * @param calls all calls of the newest answer, if the epoch begins before they all had results;
   *     null for none
   */
  public record Carry(
      int turn,
      int round,
      @Nullable String head,
      List<CallResult> results,
      List<Signals.Message> messages,
      @Nullable String pausedBy,
      boolean pauseLogged,
      long workedMs,
      int notes,
      List<String> seen,
      @Nullable List<ModelActivity.Call> calls) {
    /** The calls that the epoch begins with, in the order in which the model asked. */
    public List<ModelActivity.Call> openCalls() {
      return calls == null ? List.of() : calls;
    }
  }

  /**
   * What a call gave the model.
   *
   * @param sha256 blob with the result's text
   */
  public record CallResult(String toolUseId, String sha256, boolean error) {}
}
