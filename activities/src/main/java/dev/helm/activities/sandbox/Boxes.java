package dev.helm.activities.sandbox;

/**
 * Programs in hardened containers that Helm talks to over stdin and stdout. docs/boxes.md tells
 * how.
 */
public interface Boxes {
  /** Open at one time for one run. */
  int MAX_BOXES_PER_RUN = 16;

  /** Containers of boxes at one time, for all runs. */
  int MAX_OWN_BOXES = 64;

  /**
   * Starts a program; returns when it runs. Takes milliseconds in the run's container and about
   * half a second in one of its own.
   *
   * @throws SandboxRefused {@code program}: it could not be started, in words that say why; {@code
   *     boxes}: the run has {@link #MAX_BOXES_PER_RUN} already; {@code full}: no container is free
   *     now; {@code image}, {@code checklist} … as at a claim
   * @throws SandboxLost the container went away meanwhile
   * @throws EngineUnavailable try again later
   * @throws NoEngine there is no engine
   */
  Box open(BoxSpec spec);
}
