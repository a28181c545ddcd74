package dev.helm.cli.launch;

/**
 * Helm could not be started or stopped. The message says what happened and why; {@link #repair}
 * what to do about it.
 */
public final class LaunchException extends Exception {
  private static final long serialVersionUID = 1L;
  private final String repair;

  /** Both texts are shown to a person, a line each. */
  public LaunchException(String message, String repair) {
    super(message);
    this.repair = repair;
  }

  /** What the person can do now. */
  public String repair() {
    return repair;
  }
}
