package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** What the kernel says is mounted. */
final class Mounts {
  private static final int POINT = 4;

  private Mounts() {}

  /** Mount points below a directory. */
  static Set<Path> below(Path directory) throws IOException {
    Set<Path> found = new HashSet<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String[] fields = line.split(" ");
      Path point = Path.of(unescape(fields[POINT]));
      if (point.startsWith(directory) && !point.equals(directory)) {
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
