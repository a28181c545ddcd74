package dev.helm.activities.probes;

import dev.helm.activities.workspace.Disks;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Disks for slots as the launcher makes them, small; this process is root itself. */
final class ProbeDisks implements Disks, AutoCloseable {
  static final int MIB = 256;
  static final int FILES = 5_000;

  private final Path images;
  private final Path boxes;
  private final int uid;
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  ProbeDisks(Path home, int uid) throws IOException {
    this.images = Files.createDirectory(home.resolve("disks"));
    this.boxes = Files.createDirectory(home.resolve("boxes"));
    this.uid = uid;
  }

  @Override
  public void make(String slot) throws IOException {
    Path image = images.resolve(slot + ".img");
    Path box = boxes.resolve(slot);
    if (Files.isDirectory(box, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((long) MIB << 20);
    }
    Shell.run(
        "/sbin/mkfs.ext4",
        "-q",
        "-F",
        "-m",
        "0",
        "-b",
        "4096",
        "-N",
        Integer.toString(FILES),
        "-J",
        "size=4",
        "-E",
        "nodiscard,root_owner=%d:%d".formatted(uid, uid),
        image.toString());
    Files.createDirectory(box);
    String options = "loop,rw,nosuid,nodev,noatime,discard,noinit_itable,errors=remount-ro";
    Shell.run("/bin/mount", "-t", "ext4", "-o", options, image.toString(), box.toString());
    made.add(slot);
    Files.deleteIfExists(box.resolve("lost+found"));
  }

  @Override
  public void drop(String slot) throws IOException {
    if (made.remove(slot)) {
      Shell.run("/bin/umount", "-l", boxes.resolve(slot).toString());
      Files.deleteIfExists(boxes.resolve(slot));
      Files.deleteIfExists(images.resolve(slot + ".img"));
    }
  }

  @Override
  public void close() throws IOException {
    for (String slot : made) {
      drop(slot);
    }
  }
}
