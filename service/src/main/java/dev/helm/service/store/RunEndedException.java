package dev.helm.service.store;

/** An event that may not follow {@code run.finished}. Nothing was written. */
public final class RunEndedException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  /** With the run and the type. */
  public RunEndedException(String message) {
    super(message);
  }
}
