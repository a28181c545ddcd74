package dev.helm.activities.workspace;

/**
 * How large one workspace may become.
 *
 * @param bytes allocated space
 * @param files files, directories and links together
 * @param depth directories below each other
 */
public record WorkspaceLimits(long bytes, long files, int depth) {
  /** 2 GiB, 200,000 entries, 128 levels. */
  public static final WorkspaceLimits DEFAULT = ofConfig(2048, 200_000);

  /** Free space of the host's disk below which nothing may grow any more. */
  public static final long HOST_FREE_FLOOR_BYTES = 512L << 20;

  /** Deepest level that a walk enters, so that it never runs out of file handles. */
  public static final int DEPTH_SEEN_MAX = 400;

  private static final int MIN_MB = 64;
  private static final int MAX_MB = 1 << 20;
  private static final int MIN_FILES = 1_000;
  private static final int MAX_FILES = 10_000_000;

  /** Checks the ranges. */
  public WorkspaceLimits {
    if (bytes < 1 || files < 1 || depth < 1) {
      throw new IllegalArgumentException("limits of a workspace are positive");
    }
  }

  /** The operator's two settings, {@code sandbox.diskMb} and {@code sandbox.diskFiles}. */
  public static WorkspaceLimits ofConfig(long diskMb, long diskFiles) {
    if (diskMb < MIN_MB || diskMb > MAX_MB) {
      throw new IllegalArgumentException(
          "config.yml: sandbox.diskMb must be " + MIN_MB + " to " + MAX_MB);
    }
    if (diskFiles < MIN_FILES || diskFiles > MAX_FILES) {
      throw new IllegalArgumentException(
          "config.yml: sandbox.diskFiles must be " + MIN_FILES + " to " + MAX_FILES);
    }
    return new WorkspaceLimits(diskMb << 20, diskFiles, WorkspacePath.DEPTH_MAX);
  }
}
