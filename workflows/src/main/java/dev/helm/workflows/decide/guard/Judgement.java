package dev.helm.workflows.decide.guard;

/**
 * The guard's answer.
 *
 * @param family what kind of danger, {@code none} when it is allowed
 * @param reason what was seen, why it is dangerous and what to do instead; the model reads it
 */
public record Judgement(Verdict verdict, Family family, String reason) {
  /** Nothing speaks against the command. */
  static final Judgement ALLOWED =
      new Judgement(Verdict.ALLOW, Family.NONE, "nothing speaks against it");
}
