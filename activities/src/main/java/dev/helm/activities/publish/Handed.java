package dev.helm.activities.publish;

/** How handing files out ended. */
public sealed interface Handed {
  /** They are there; {@code where} is for people and the model. */
  record Done(String where) implements Handed {}

  /** They surely are not; {@code why} says what to do. */
  record Failed(String why) implements Handed {}

  /** Nobody can know. */
  record Unknown(String why) implements Handed {}
}
