package dev.helm.cli;

import org.jspecify.annotations.Nullable;

/** A command cannot do what was asked: one line of what happened, one of what to do. */
public final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ExitCode exit;
  private final String todo;
  private final String code;

  /** A failure with a message for people; {@code todo} may be empty. */
  public Failure(ExitCode exit, String what, String todo) {
    this(exit, what, todo, "", null);
  }

  /** With the service's stable code (empty if there is none) and a cause. */
  public Failure(ExitCode exit, String what, String todo, String code, @Nullable Throwable cause) {
    super(what, cause, false, true);
    this.exit = exit;
    this.todo = todo;
    this.code = code;
  }

  /** A mistake in the command line. */
  public static Failure usage(String what, String todo) {
    return new Failure(ExitCode.USAGE, what, todo);
  }

  /** The exit status that goes with it. */
  public ExitCode exit() {
    return exit;
  }

  /** What happened. */
  public String what() {
    return String.valueOf(getMessage());
  }

  /** What to do now, or an empty text. */
  public String todo() {
    return todo;
  }

  /** The service's stable code, or an empty text. */
  public String code() {
    return code;
  }
}
