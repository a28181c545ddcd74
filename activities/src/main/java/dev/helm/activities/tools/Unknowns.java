package dev.helm.activities.tools;

import java.util.Set;

/** The words around effects whose end nobody saw. */
public final class Unknowns {
  static final String HAPPENED = "happened";
  static final String AGAIN = "again";

  /** Most attempts at one call, whoever asks for them. */
  static final int ATTEMPTS_MAX = 20;

  /** Reasons of {@code run.paused} that end when a person has answered. */
  static final Set<String> WAITS = Set.of("permission", "question", "unknown");

  /** What the model is told of a call of which nobody says what became of it. */
  public static final String TOLD_AT_DEADLINE =
      "It is unknown whether this call had its effect: it was started and its end was not seen. It"
          + " was not repeated. Find out before you rely on it or repeat it.";

  /** With how many people have to allow a call. */
  static final String TOLD_ASK_AGAIN =
      "The end of this call was not seen; a person says that it should be done again. It was not"
          + " repeated, since %d people have to allow it: make the call again, and they are asked.";

  static final String TOLD_HAPPENED =
      "The end of this call was not seen; a person says that it happened. Its output is lost.";

  private Unknowns() {}
}
