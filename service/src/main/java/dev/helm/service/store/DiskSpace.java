package dev.helm.service.store;

import java.io.File;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Whether the disk has room for more than the next few events. Helm stops while there is still
 * enough to write down that it stops, and goes on when twice as much is free.
 */
final class DiskSpace {
  /** Less than this is a full disk; a sixteenth of a small one. */
  static final long FREE_BYTES_MIN = 32L << 20;

  private static final int SHARE = 16;

  private final File folder;

  DiskSpace(Path folder) {
    this.folder = folder.toFile();
  }

  /** What is lacking, or null; {@code again} when the question is whether to go on. */
  @Nullable String lacking(boolean again) {
    long total = folder.getTotalSpace();
    if (total == 0) {
      // It cannot be told; a write will.
      return null;
    }
    long wanted = Math.min(FREE_BYTES_MIN, total / SHARE) * (again ? 2 : 1);
    long free = folder.getUsableSpace();
    return free >= wanted
        ? null
        : "the disk is full (%.1f MB free). To mend it: free space until %.1f MB are free"
            .formatted(free / 1e6, (again ? wanted : wanted * 2) / 1e6);
  }
}
