package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.Disks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Disks as the launcher makes them, for tests that run as root and without a launcher. */
final class LoopDisks implements Disks {
  private final Path home;
  private final int megabytes;
  private final int files;

  LoopDisks(Path home, int megabytes, int files) {
    this.home = home;
    this.megabytes = megabytes;
    this.files = files;
  }

  @Override
  public void make(String slot) throws IOException {
    shell(
        """
        set -e; mkdir -p disks boxes/SLOT; mountpoint -q boxes/SLOT && exit 0
        [ -e disks/SLOT.img ] || truncate -s %dM disks/SLOT.img
        [ -n "$(blkid disks/SLOT.img)" ] || mkfs.ext4 -q -F -m 0 -b 4096 -N %d -J size=4 -E nodiscard,root_owner=%d:%d disks/SLOT.img
        mount -o loop,nosuid,nodev,noatime,discard disks/SLOT.img boxes/SLOT
        [ ! -e boxes/SLOT/lost+found ] || rmdir boxes/SLOT/lost+found
        """
            .formatted(megabytes, files, Workspaces.defaultOwnerUid(), Workspaces.defaultOwnerUid())
            .replace("SLOT", slot));
  }

  @Override
  public void drop(String slot) throws IOException {
    shell(
        "! mountpoint -q boxes/SLOT || umount boxes/SLOT && rm -rf disks/SLOT.img boxes/SLOT"
            .replace("SLOT", slot));
  }

  /** What is still mounted after a test that failed. */
  void dropAll() throws IOException {
    shell("for b in boxes/*; do ! mountpoint -q $b || umount -l $b; done; rm -rf boxes disks");
  }

  private void shell(String line) throws IOException {
    Process process =
        new ProcessBuilder("/bin/bash", "-c", line)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IOException(said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
