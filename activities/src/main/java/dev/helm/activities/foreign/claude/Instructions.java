package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.SessionStart;

/** What the runtime's own system prompt gets at its end. */
final class Instructions {
  private static final String HELM =
      """
      You work in a sandbox without a network of its own. Each action is looked at before it is \
      carried out and may be denied or changed; a reason given is an instruction. Your files are in \
      /workspace. Tools named mcp__helm__… are this run's tools beyond your own.""";

  private Instructions() {}

  static String of(SessionStart start) {
    String own = start.info().blueprint().instructions().strip();
    return (own + "\n\n" + HELM).strip();
  }
}
