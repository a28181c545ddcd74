package dev.helm.activities.sandbox;

/** The container engine did not answer (in time); it may be restarting. Try again later. */
public final class EngineUnavailable extends SandboxException {
  private static final long serialVersionUID = 1L;

  /** Says which call got no answer. */
  public EngineUnavailable(String message) {
    super(message);
  }

  /** Says which call got no answer, and why. */
  public EngineUnavailable(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean retryable() {
    return true;
  }
}
