package dev.helm.activities.sandbox;

/** Helm was started without a container engine and so runs no tool at all. */
public final class NoEngine extends SandboxException {
  private static final long serialVersionUID = 1L;

  /** The one text that every surface shows for this. */
  public static final String MESSAGE =
      "No tool can run: Helm has no container engine (DOCKER_HOST is empty) and never runs tools on"
          + " the host. Install Docker, then start Helm again with `helm up`; `helm doctor` shows"
          + " what it found.";

  /** The refusal. */
  public NoEngine() {
    super(MESSAGE);
  }

  @Override
  public boolean retryable() {
    return false;
  }
}
