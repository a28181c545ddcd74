package dev.helm.activities.sandbox;

/**
 * What a container may use.
 *
 * @param memoryBytes memory, swap included, at least 64 MiB
 * @param milliCpus thousandths of a CPU
 * @param pids processes and threads
 */
public record SandboxLimits(long memoryBytes, int milliCpus, int pids) {
  /** 1 GiB, one CPU, 256 processes. */
  public static final SandboxLimits DEFAULT = new SandboxLimits(1L << 30, 1000, 256);

  /** Checks the ranges. */
  public SandboxLimits {
    if (memoryBytes < 64L << 20 || memoryBytes > 1L << 40) {
      throw new IllegalArgumentException("memoryBytes must be 64 MiB to 1 TiB");
    }
    if (milliCpus < 50 || milliCpus > 256_000) {
      throw new IllegalArgumentException("milliCpus must be 50 to 256000");
    }
    if (pids < 16 || pids > 32_768) {
      throw new IllegalArgumentException("pids must be 16 to 32768");
    }
  }
}
