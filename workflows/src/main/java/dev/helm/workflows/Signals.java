package dev.helm.workflows;

import dev.helm.api.event.RunEvent;
import org.jspecify.annotations.Nullable;

/** What people send to a run. {@code id} is made by the sender; the same id counts once. */
public final class Signals {
  private Signals() {}

  /**
   * Allow or deny; {@code argumentsHash} is of what the person saw.
   *
   * @param edited what shall run instead, null for the call as it was shown
   * @param remember what an allow leaves behind, null for nothing
   */
  public record Decide(
      String id,
      String permissionId,
      boolean allow,
      @Nullable String argumentsHash,
      @Nullable String reason,
      String by,
      @Nullable String device,
      @Nullable Edited edited,
      RunEvent.@Nullable Remembered remember) {
    /** A decision on the call as it was shown. */
    public Decide(
        String id,
        String permissionId,
        boolean allow,
        @Nullable String argumentsHash,
        @Nullable String reason,
        String by,
        @Nullable String device) {
      this(id, permissionId, allow, argumentsHash, reason, by, device, null, null);
    }

    /** The same decision on arguments that somebody changed before. */
    Decide on(@Nullable Edited arguments) {
      return new Decide(
          id, permissionId, allow, argumentsHash, reason, by, device, arguments, remember);
    }
  }

  /**
   * Arguments as a person changed them.
   *
   * @param sha256 blob with their exact JSON text
   * @param argumentsHash their hash
   */
  public record Edited(String sha256, String argumentsHash) {}

  /** Free text, one of the options, or {@code happened again stop} for an unknown outcome. */
  public record Answer(String id, String questionId, String answer, String by) {}

  /** The text stands in the store under {@code messageId}. */
  public record Message(String messageId, boolean now) {}

  /** Which message to take back. */
  public record CancelMessage(String messageId, String by) {}

  /**
   * What a sub-agent does now, told to the agent that asked for it.
   *
   * @param agent label of the sub-agent
   * @param quietAs id of the pause that it has come to rest for, null while it works
   * @param waits why it can only wait, null while it does not
   */
  public record Report(
      String agent, @Nullable String quietAs, RunEvent.@Nullable RunPaused waits) {}

  /** Who wants it. */
  public record Control(String id, String by) {}
}
