package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.file.Path;

/** Something else of Helm that listens in a slot's socket directory while the slot lives. */
@FunctionalInterface
public interface SlotDoor {
  /**
   * Starts to listen.
   *
   * @param slot 8 hex digits
   * @param socketDirectory mounted read-only at {@code /run/helm} in the container
   * @param ownerUid who must be able to connect
   * @return closes the door
   */
  AutoCloseable open(String slot, Path socketDirectory, int ownerUid) throws IOException;
}
