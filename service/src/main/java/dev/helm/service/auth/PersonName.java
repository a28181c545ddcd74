package dev.helm.service.auth;

import java.util.Set;
import java.util.regex.Pattern;

/** Names that people and service tokens may have. */
public final class PersonName {
  /** What a name looks like, for people. */
  public static final String FORM_IN_WORDS =
      "1 to 32 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit";

  /** Lower-case ASCII only: no two names look the same. */
  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,31}");

  /** Attack: a person named "timeout" allows a call, and the log says that nobody did. */
  private static final Set<String> TAKEN =
      Set.of(
          "agent",
          "builtin",
          "helm",
          "hook",
          "me",
          "model",
          "nobody",
          "none",
          "person",
          "rule",
          "service",
          "system",
          "timeout",
          "token",
          "tool",
          "workflow");

  private PersonName() {}

  /** Whether somebody may be named so. */
  public static boolean allowed(String name) {
    return FORM.matcher(name).matches() && !TAKEN.contains(name);
  }
}
