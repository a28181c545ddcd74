package dev.helm.workflows.decide;

import org.jspecify.annotations.Nullable;

/** What a check, or the whole gate, says of a tool call. */
public sealed interface Verdict {
  /**
   * It may run. {@code by}: {@code rule hook builtin}; {@code rule} is the rule's text, {@code
   * permissionId} the permission by which a person had it remembered.
   */
  record Allow(String by, @Nullable String rule, @Nullable String permissionId) implements Verdict {
    Allow(String by, @Nullable String rule) {
      this(by, rule, null);
    }
  }

  /** It does not run; the model reads the reason. */
  record Deny(String by, String reason, @Nullable String rule) implements Verdict {}

  /** People decide. {@code because} says why it was not decided without them. */
  record Ask(@Nullable String rule, String because) implements Verdict {}

  /** This check has no opinion. */
  record Pass() implements Verdict {}
}
