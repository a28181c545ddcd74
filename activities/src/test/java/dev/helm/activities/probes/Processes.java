package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Processes of containers, as the host sees them. */
final class Processes {
  private Processes() {}

  /** All processes whose cgroup names the container; zombies too. */
  static List<Integer> in(String container) throws IOException {
    List<Integer> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path entry : entries) {
        if (read(entry.resolve("cgroup")).contains(container)) {
          found.add(Integer.parseInt(String.valueOf(entry.getFileName())));
        }
      }
    }
    return found;
  }

  /** The container's process whose command line holds a word; 0 if there is none. */
  static int find(String container, String word) throws IOException {
    for (int pid : in(container)) {
      if (read(Path.of("/proc", Integer.toString(pid), "cmdline")).contains(word)) {
        return pid;
      }
    }
    return 0;
  }

  /** Letter of the state of the container's process with that program name, or none. */
  static String stateOf(String container, String program) throws IOException {
    for (int pid : in(container)) {
      String stat = read(Path.of("/proc", Integer.toString(pid), "stat"));
      int open = stat.indexOf('(');
      int close = stat.lastIndexOf(')');
      // The kernel keeps 15 characters of a name.
      if (open > 0 && close > open && program.startsWith(stat.substring(open + 1, close))) {
        String state = stat.substring(close + 2, close + 3);
        if (!state.equals("Z")) {
          return state.equals("T") ? "stopped" : "runs";
        }
      }
    }
    return "none";
  }

  static String alive(int pid) {
    String stat = read(Path.of("/proc", Integer.toString(pid), "stat"));
    return stat.isEmpty() || stat.contains(") Z ") ? "dead" : "alive";
  }

  /** How many zombies a container holds. */
  static long zombies(String container) throws IOException {
    return in(container).stream()
        .filter(pid -> read(Path.of("/proc", Integer.toString(pid), "stat")).contains(") Z "))
        .count();
  }

  /** How many files this process has open. */
  static String openFiles() {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      int open = 0;
      for (Path ignored : entries) {
        open++;
      }
      return Integer.toString(open);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** A line of /proc/meminfo. */
  static String freeMemory() {
    return read(Path.of("/proc/meminfo"))
        .lines()
        .filter(line -> line.startsWith("MemAvailable"))
        .findFirst()
        .orElse("does not say how much memory it has");
  }

  /** Empty for a process that is gone meanwhile. */
  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
