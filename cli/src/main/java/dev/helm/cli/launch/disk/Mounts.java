package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** What the kernel says is mounted, and from which image. */
final class Mounts {
  private static final int DEVICE = 2;
  private static final int POINT = 4;

  private Mounts() {}

  /** Mount points below a directory, each with its block device as {@code major:minor}. */
  static Map<Path, String> below(Path directory) throws IOException {
    Map<Path, String> found = new HashMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String[] fields = line.split(" ");
      Path point = Path.of(unescape(fields[POINT]));
      if (point.startsWith(directory) && !point.equals(directory)) {
        found.put(point, fields[DEVICE]);
      }
    }
    return found;
  }

  /** The file behind a loop device; empty for any other device. */
  static String image(String device) {
    try {
      Path file = Path.of("/sys/dev/block", device, "loop/backing_file");
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static String unescape(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
