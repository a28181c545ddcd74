package dev.helm.activities.sandbox;

/**
 * One effect as its host attends to it.
 *
 * @param key idempotency key (run, epoch, tool use), 1 to 200 of {@code A-Za-z0-9/_.:-}
 * @param command what to run
 * @param offsetBytes how much of its output the caller already has durably; 0 at first
 */
public record EffectSpec(String key, ToolCommand command, long offsetBytes) {
  /** Checks key and offset. */
  public EffectSpec {
    Ids.effectKey(key);
    if (offsetBytes < 0 || offsetBytes > command.capBytes()) {
      throw new IllegalArgumentException("offsetBytes must be 0 to the command's capBytes");
    }
  }
}
