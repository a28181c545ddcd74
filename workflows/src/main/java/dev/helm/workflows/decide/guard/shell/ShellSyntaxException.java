package dev.helm.workflows.decide.guard.shell;

/** The text is no shell command, as far as this grammar goes, or it passes a limit. */
public final class ShellSyntaxException extends Exception {
  private static final long serialVersionUID = 1;

  ShellSyntaxException(String what, int at) {
    // No stack trace: it is an ordinary answer, and hostile input would pay us in time.
    super(what + " at character " + (at + 1), null, false, false);
  }
}
