package dev.helm.activities.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What one slot's container must be: the same value makes the request and the checklist.
 *
 * @param box mounted at {@code /slot}
 * @param sockets mounted read-only at {@code /run/helm}
 * @param swapBounded whether the engine can bound swap; if not, the host must have none
 * @param boxWritable whether {@code /slot} can be written
 */
record ContainerPlan(
    String imageId,
    String installation,
    String slot,
    int uid,
    Path box,
    Path sockets,
    SandboxLimits limits,
    boolean swapBounded,
    boolean boxWritable) {
  static final String INSTALLATION_LABEL = "dev.helm.installation";
  static final String SLOT_LABEL = "dev.helm.slot";
  static final String BOX_TARGET = "/slot";
  static final String SOCKETS_TARGET = "/run/helm";
  static final String HOST_NAME = "helm";
  static final String STOP_SIGNAL = "SIGKILL";
  static final String TMPFS = "rw,exec,nosuid,nodev,size=256m,mode=1777";
  static final long OPEN_FILES = 4096;
  static final long SHM_BYTES = 64L << 20;

  /** What every engine's own list hides at least; newer ones hide more. */
  static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/firmware");

  /** What every engine's own list keeps from being written at least. */
  static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  /** Looked at besides: what an escape writes first. */
  static final List<String> WRITE_NEVER =
      List.of(
          "/",
          "/etc/passwd",
          "/usr/local/bin",
          SandboxSettings.EXECUTOR,
          SOCKETS_TARGET,
          "/sys",
          "/sys/fs/cgroup",
          "/sys/kernel/uevent_helper",
          "/proc/sys/kernel/core_pattern",
          "/proc/sys/kernel/modprobe");

  /** A container of a run's, which writes its workspace. */
  ContainerPlan(
      String imageId,
      String installation,
      String slot,
      int uid,
      Path box,
      Path sockets,
      SandboxLimits limits,
      boolean swapBounded) {
    this(imageId, installation, slot, uid, box, sockets, limits, swapBounded, true);
  }

  String user() {
    return uid + ":" + uid;
  }

  /** The mount option of {@code /slot}. */
  String boxMode() {
    return boxWritable ? "rw" : "ro";
  }

  long nanoCpus() {
    return limits.milliCpus() * 1_000_000L;
  }

  String name() {
    return "helm-" + installation + "-" + slot;
  }

  /** In the order of the request; the engine may say them back in another. */
  List<String> securityOptions() {
    return List.of("no-new-privileges", SeccompProfile.option());
  }

  Map<String, String> labels() {
    return Map.of(INSTALLATION_LABEL, installation, SLOT_LABEL, slot);
  }
}
