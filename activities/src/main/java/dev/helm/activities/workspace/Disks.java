package dev.helm.activities.workspace;

import java.io.IOException;

/**
 * Makes a file system of its own for each slot, so that the kernel bounds what a container can
 * write. It shows as {@code HELM_HOME/boxes/<slot>}.
 */
public interface Disks {
  /**
   * Makes and mounts a slot's disk; nothing happens if it is there.
   *
   * @param slot 8 hex digits
   * @throws WorkspaceException it was refused, with the reason
   * @throws IOException whoever makes disks does not answer
   */
  void make(String slot) throws IOException;

  /**
   * Removes a slot's disk with all that is on it; nothing happens if there is none.
   *
   * @throws IOException it is in use, or whoever makes disks does not answer
   */
  void drop(String slot) throws IOException;
}
