package dev.helm.activities.sandbox;

import java.nio.file.Path;
import java.util.Map;

/**
 * What one slot's container must be: the same value makes the request and the checklist.
 *
 * @param box mounted read-write at {@code /slot}
 * @param sockets mounted read-only at {@code /run/helm}
 * @param swapBounded whether the engine can bound swap; if not, the host must have none
 */
record ContainerPlan(
    String imageId,
    String installation,
    String slot,
    int uid,
    Path box,
    Path sockets,
    SandboxLimits limits,
    boolean swapBounded) {
  static final String INSTALLATION_LABEL = "dev.helm.installation";
  static final String SLOT_LABEL = "dev.helm.slot";
  static final String BOX_TARGET = "/slot";
  static final String SOCKETS_TARGET = "/run/helm";
  static final String TMPFS = "rw,exec,nosuid,nodev,size=256m,mode=1777";
  static final long OPEN_FILES = 4096;
  static final long SHM_BYTES = 64L << 20;

  String user() {
    return uid + ":" + uid;
  }

  long nanoCpus() {
    return limits.milliCpus() * 1_000_000L;
  }

  String name() {
    return "helm-" + installation + "-" + slot;
  }

  Map<String, String> labels() {
    return Map.of(INSTALLATION_LABEL, installation, SLOT_LABEL, slot);
  }
}
