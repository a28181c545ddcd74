package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the kernel says is mounted. */
public final class Mounts {
  private static final int POINT = 4;

  private Mounts() {}

  /**
   * Mount points at a directory and below it, one as often as something is mounted there.
   *
   * @throws IOException the kernel's list cannot be read
   */
  public static List<Path> within(Path directory) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String[] fields = line.split(" ");
      Path point = Path.of(unescape(fields[POINT]));
      if (point.startsWith(directory)) {
        found.add(point);
      }
    }
    return found;
  }

  private static String unescape(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
