package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The disk that Helm's home lies on, by its number. Where the machine lets nobody open that, or the
 * home is on none, a loop device stands in for it.
 *
 * @param loop its path, empty if it is the disk itself
 */
record HostDisk(int major, int minor, String loop) implements AutoCloseable {
  private static final int STAND_IN_BYTES = 1 << 20;

  static HostDisk find(Path base) throws IOException {
    long device = (Long) Files.getAttribute(base, "unix:dev");
    HostDisk own =
        new HostDisk(
            (int) (device >>> 8 & 0xfff), (int) (device & 0xff | device >>> 12 & 0xfff00), "");
    return own.opens(base) ? own : standIn(base);
  }

  private boolean opens(Path base) throws IOException {
    Path node = base.resolve("node");
    Shell.run(
        "/bin/mknod",
        "-m",
        "600",
        node.toString(),
        "b",
        Integer.toString(major),
        Integer.toString(minor));
    try (var channel = Files.newByteChannel(node)) {
      return channel.size() >= 0;
    } catch (IOException e) {
      return false;
    } finally {
      Files.delete(node);
    }
  }

  private static HostDisk standIn(Path base) throws IOException {
    Path image = base.resolve("disk");
    Files.write(image, new byte[STAND_IN_BYTES]);
    String loop = Shell.run("/sbin/losetup", "--find", "--show", "--read-only", image.toString());
    long number = (Long) Files.getAttribute(Path.of(loop), "unix:rdev");
    return new HostDisk((int) (number >>> 8 & 0xfff), (int) (number & 0xff), loop);
  }

  @Override
  public void close() throws IOException {
    if (!loop.isEmpty()) {
      Shell.run("/sbin/losetup", "--detach", loop);
    }
  }
}
