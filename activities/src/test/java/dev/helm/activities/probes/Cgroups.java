package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A container's cgroups on the host, version 1 or 2. */
final class Cgroups {
  private static final List<String> LIMITS =
      List.of(
          "pids.max",
          "memory.max",
          "memory.limit_in_bytes",
          "memory.memsw.limit_in_bytes",
          "cpu.max",
          "cpu.cfs_quota_us",
          "devices.list");

  private Cgroups() {}

  /** Every limit file of a process's groups with its value. */
  static String limits(int pid) throws IOException {
    Map<String, String> seen = new TreeMap<>();
    for (Path folder : folders(pid)) {
      for (String name : LIMITS) {
        Path file = folder.resolve(name);
        if (Files.isReadable(file)) {
          seen.put(name, Files.readString(file).strip());
        }
      }
    }
    return seen.toString();
  }

  /** How often the kernel held a process's group back for its CPU limit. */
  static long heldBack(int pid) throws IOException {
    for (Path folder : folders(pid)) {
      Path file = folder.resolve("cpu.stat");
      if (Files.isReadable(file)) {
        for (String line : Files.readAllLines(file)) {
          if (line.startsWith("nr_throttled ")) {
            return Long.parseLong(line.substring(13).strip());
          }
        }
      }
    }
    return 0;
  }

  /** What the kernel counted of memory that ran out in the groups of a process. */
  static String memoryEvents(@Nullable Long pid) {
    List<String> seen = new ArrayList<>();
    try {
      for (Path folder : folders(pid == null ? 0 : pid.intValue())) {
        for (String name : List.of("memory.events", "memory.oom_control", "memory.failcnt")) {
          Path file = folder.resolve(name);
          if (Files.isReadable(file)) {
            seen.add(name + " " + String.join(", ", Files.readAllLines(file)));
          }
        }
      }
    } catch (IOException e) {
      return "its cgroup cannot be read: " + e;
    }
    return seen.toString();
  }

  private static List<Path> folders(int pid) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc", Integer.toString(pid), "cgroup"))) {
      String[] parts = line.split(":", 3);
      if (parts[1].isEmpty()) {
        found.add(Path.of("/sys/fs/cgroup" + parts[2]));
        found.add(Path.of("/sys/fs/cgroup/unified" + parts[2]));
      }
      for (String controller : parts[1].split(",")) {
        found.add(Path.of("/sys/fs/cgroup/" + controller + parts[2]));
      }
    }
    return found;
  }
}
