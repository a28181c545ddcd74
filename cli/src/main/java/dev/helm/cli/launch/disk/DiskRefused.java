package dev.helm.cli.launch.disk;

import java.io.IOException;

/** A disk is not made or removed; the message says why and what to do. */
public final class DiskRefused extends IOException {
  private static final long serialVersionUID = 1L;

  /** In plain words. */
  public DiskRefused(String message) {
    super(message);
  }
}
