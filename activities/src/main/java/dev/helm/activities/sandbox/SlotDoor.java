package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

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

  /**
   * Lets a slot that is a box reach hosts through this door while the box lives.
   *
   * @param callId {@code box/NAME}, told with each attempt
   * @param hosts {@code example.com} or {@code *.example.com}
   * @return ends it
   * @throws IllegalArgumentException a host is not one
   */
  default AutoCloseable grant(String slot, String callId, List<String> hosts) {
    return () -> {};
  }
}
