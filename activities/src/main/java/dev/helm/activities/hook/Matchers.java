package dev.helm.activities.hook;

import dev.helm.activities.expression.Expression;

/** Whether a hook speaks of a tool: a regular expression that has to match the whole name. */
final class Matchers {
  private Matchers() {}

  /** An expression that cannot be judged matches: rather one hook too many is asked. */
  static boolean match(String matcher, String name) {
    return matcher.isEmpty()
        || matcher.equals("*")
        || name.isEmpty()
        || Expression.whole(matcher, name) != Expression.Answer.NO;
  }
}
