package dev.helm.activities.sandbox;

/** The container that held the run is gone, and with it everything that ran in it. */
public final class SandboxLost extends SandboxException {
  private static final long serialVersionUID = 1L;

  /** Says how the container was lost. */
  public SandboxLost(String message) {
    super(message);
  }

  @Override
  public boolean retryable() {
    return false;
  }
}
