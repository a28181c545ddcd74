package dev.helm.workflows.decide.guard;

import java.util.Locale;

/** What the guard says of a command; a later one outweighs an earlier one. */
public enum Verdict {
  /** Nothing speaks against it. */
  ALLOW,
  /** It cannot be told what would run. */
  ASK,
  /** It would do what no agent needs to do. */
  BLOCK;

  /** In lower case, as people and scripts read it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
