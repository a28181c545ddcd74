package dev.helm.workflows.decide.guard;

import org.jspecify.annotations.Nullable;

/** Keeps the gravest of what was found, the first of equals; an unknown program gives way. */
final class Findings {
  private final boolean stops;
  private @Nullable Judgement gravest;
  private boolean untold;

  Findings() {
    this(true);
  }

  /** {@code stops}: whether nothing more is looked at once something is blocked. */
  Findings(boolean stops) {
    this.stops = stops;
  }

  void block(Family family, String seen) {
    add(Verdict.BLOCK, family, seen);
  }

  void ask(Family family, String seen) {
    add(Verdict.ASK, family, seen);
  }

  /** For code that cannot be told from the command. */
  void unclear(String seen) {
    add(Verdict.ASK, Family.UNCLEAR, seen);
  }

  private void add(Verdict verdict, Family family, String seen) {
    untold |= family == Family.UNCLEAR || family == Family.UNKNOWN_PROGRAM;
    if (gravest == null
        || verdict.compareTo(gravest.verdict()) > 0
        || verdict == gravest.verdict() && hides(gravest.family()) && !hides(family)) {
      gravest = new Judgement(verdict, family, family.reason(seen));
    }
  }

  // Attack: an unset variable as the first program, which a rule may answer, hides what none may.
  private static boolean hides(Family family) {
    return family == Family.UNKNOWN_PROGRAM;
  }

  boolean blocked() {
    return stops && found();
  }

  /** Whether there is code or a program that cannot be told, whatever else was found. */
  boolean untold() {
    return untold;
  }

  /** Whether something is blocked. */
  boolean found() {
    return gravest != null && gravest.verdict() == Verdict.BLOCK;
  }

  Judgement judgement() {
    return gravest == null ? Judgement.ALLOWED : gravest;
  }
}
