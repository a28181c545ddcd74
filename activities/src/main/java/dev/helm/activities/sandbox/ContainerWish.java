package dev.helm.activities.sandbox;

import org.jspecify.annotations.Nullable;

/**
 * What a run's own container is to be.
 *
 * @param imageId {@code sha256:…}, or null for the default image
 * @param limits what it may use
 * @param foreignAgent whether a program in it takes the place of Helm's own loop: then its {@link
 *     AgentDoor}s open
 */
public record ContainerWish(@Nullable String imageId, SandboxLimits limits, boolean foreignAgent) {
  /** The default image with the usual limits, for Helm's own loop. */
  public static final ContainerWish DEFAULT = new ContainerWish(null, SandboxLimits.DEFAULT, false);

  /** Checks the image's id. */
  public ContainerWish {
    if (imageId != null) {
      Ids.image(imageId);
    }
  }

  ContainerWish with(SandboxLimits other) {
    return new ContainerWish(imageId, other, foreignAgent);
  }

  /** Who tells it for each run. */
  @FunctionalInterface
  public interface Source {
    /**
     * For a run that is about to get a container.
     *
     * @throws SandboxException it cannot get one, or not now
     */
    ContainerWish of(String run);
  }
}
