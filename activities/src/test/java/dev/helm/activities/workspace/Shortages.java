package dev.helm.activities.workspace;

import java.io.IOException;
import java.util.List;

/** What the kernel answers to a process that lacks something. */
public final class Shortages {
  private Shortages() {}

  /** One of each kind. */
  public static List<IOException> all() {
    return List.of(
        new Errno("open", Errno.EMFILE),
        new Errno("open", Errno.ENFILE),
        new Errno("open", Errno.ENOMEM));
  }
}
