package dev.helm.activities.sandbox;

/**
 * One attempt at an effect.
 *
 * @param key the effect's key
 * @param life the container life ({@link Slot#life()}) that was recorded with the effect's start
 * @param offsetBytes how much of its output is durable already
 * @param attachOnly true if an earlier attempt may have started it
 */
public record EffectAttempt(String key, String life, long offsetBytes, boolean attachOnly) {
  /** The first attempt at an effect, in a slot just claimed. */
  public static EffectAttempt first(String key, Slot slot) {
    return new EffectAttempt(key, slot.life(), 0, false);
  }

  /** A later attempt, with what the earlier ones made durable. */
  public static EffectAttempt again(String key, String life, long offsetBytes) {
    return new EffectAttempt(key, life, offsetBytes, true);
  }
}
