package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The disk that Helm's home lies on, by its number. Where the machine lets nobody open that, or the
 * home is on none, a loop device stands in for it.
 *
 * @param loop its path, empty if it is the disk itself
 */
record HostDisk(int major, int minor, String loop) implements AutoCloseable {
  private static final int STAND_IN_BYTES = 1 << 20;

  static HostDisk find(Path base) throws Exception {
    long device = (Long) Files.getAttribute(base, "unix:dev");
    HostDisk own =
        new HostDisk(
            (int) (device >>> 8 & 0xfff), (int) (device & 0xff | device >>> 12 & 0xfff00), "");
    return own.opens(base) ? own : standIn(base);
  }

  private boolean opens(Path base) throws Exception {
    Path node = base.resolve("node");
    run(
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

  private static HostDisk standIn(Path base) throws Exception {
    Path image = base.resolve("disk");
    Files.write(image, new byte[STAND_IN_BYTES]);
    String loop = run("/sbin/losetup", "--find", "--show", "--read-only", image.toString());
    long number = (Long) Files.getAttribute(Path.of(loop), "unix:rdev");
    return new HostDisk((int) (number >>> 8 & 0xfff), (int) (number & 0xff), loop);
  }

  @Override
  public void close() throws Exception {
    if (!loop.isEmpty()) {
      run("/sbin/losetup", "--detach", loop);
    }
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException(List.of(command) + ": " + said);
    }
    return said;
  }
}
