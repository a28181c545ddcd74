package dev.helm.cli.launch;

import dev.helm.cli.launch.disk.DiskPart;
import java.io.IOException;

/** Unmounts the slots' disks once nothing of an installation runs any more. */
final class DiskMounts {
  private DiskMounts() {}

  /** What is still in use is told of and not waited for. */
  static void clear(HelmHome home, Progress progress) {
    if (Account.ownUid() != 0) {
      return;
    }
    try {
      DiskPart.clear(home.root()).forEach(trouble -> progress.failed("disks · " + trouble));
    } catch (IOException e) {
      progress.failed("disks · " + e.getMessage());
    }
  }
}
