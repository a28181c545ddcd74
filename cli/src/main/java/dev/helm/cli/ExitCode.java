package dev.helm.cli;

/** What a command's end means to a script. */
public enum ExitCode {
  DONE(0),
  FAILED(1),
  USAGE(2),
  NOT_LOGGED_IN(3),
  NOT_FOUND(4),
  REFUSED(5),
  UNREACHABLE(6);

  private final int code;

  ExitCode(int code) {
    this.code = code;
  }

  /** The process's exit status. */
  public int code() {
    return code;
  }
}
