package dev.helm.activities.sandbox;

/** Why a sandbox could not do what it was asked; the type says what the caller may do about it. */
public abstract sealed class SandboxException extends RuntimeException
    permits EngineUnavailable, NoEngine, SandboxLost, SandboxRefused {
  private static final long serialVersionUID = 1L;

  SandboxException(String message) {
    super(message);
  }

  SandboxException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Whether the same call may succeed later without a person doing anything. */
  public abstract boolean retryable();
}
