package dev.helm.activities.sandbox;

import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import dev.helm.activities.sandbox.MountTable.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The limits that are in force, as the kernel's cgroup files say: version 1, 2, or both. */
final class CgroupChecklist {
  /** The devices that every engine gives: null, zero, full, random, urandom, the terminals. */
  private static final Set<String> DEVICES =
      Set.of(
          "b *:* m",
          "c *:* m",
          "c 1:3 rwm",
          "c 1:5 rwm",
          "c 1:7 rwm",
          "c 1:8 rwm",
          "c 1:9 rwm",
          "c 5:0 rwm",
          "c 5:1 rwm",
          "c 5:2 rwm",
          "c 10:200 rwm",
          "c 136:* rwm");

  private static final long PAGE_BYTES_MAX = 65_536;

  private final Path root;
  private final MountTable mounts;
  private final Map<String, String> paths;
  private final ContainerPlan plan;
  private final List<Finding> findings = new ArrayList<>();

  private CgroupChecklist(
      Path root, MountTable mounts, Map<String, String> paths, ContainerPlan plan) {
    this.root = root;
    this.mounts = mounts;
    this.paths = paths;
    this.plan = plan;
  }

  static List<Finding> check(Path root, Path process, ContainerPlan plan) throws IOException {
    Map<String, String> paths = new HashMap<>();
    for (String line : Files.readAllLines(process.resolve("cgroup"))) {
      String[] fields = line.split(":", 3);
      for (String controller : fields[1].split(",", -1)) {
        paths.put(controller, fields[2]);
      }
    }
    CgroupChecklist list =
        new CgroupChecklist(
            root, MountTable.read(root.resolve("proc/self/mountinfo")), paths, plan);
    list.memory();
    list.processes();
    list.processor();
    list.devices();
    return list.findings;
  }

  // A container without a memory limit takes the service and its neighbours along.
  private void memory() throws IOException {
    long bytes = plan.limits().memoryBytes();
    Path first = version1("memory");
    if (first != null) {
      bytes("memory in force", read(first, "memory.limit_in_bytes"), bytes);
      if (plan.swapBounded()) {
        bytes("memory and swap in force", read(first, "memory.memsw.limit_in_bytes"), bytes);
      }
      return;
    }
    Path second = version2();
    bytes("memory in force", read(second, "memory.max"), bytes);
    if (plan.swapBounded()) {
      same("swap in force", read(second, "memory.swap.max"), "0");
    }
  }

  // A fork bomb would use up the process numbers of the whole machine.
  private void processes() throws IOException {
    Path directory = version1("pids");
    same(
        "processes in force",
        read(directory == null ? version2() : directory, "pids.max"),
        Integer.toString(plan.limits().pids()));
  }

  private void processor() throws IOException {
    Path first = version1("cpu");
    String quota;
    String period;
    if (first != null) {
      quota = read(first, "cpu.cfs_quota_us");
      period = read(first, "cpu.cfs_period_us");
    } else {
      String[] both = read(version2(), "cpu.max").split(" ");
      quota = both[0];
      period = both[both.length - 1];
    }
    String expected = Integer.toString(plan.limits().milliCpus());
    same("thousandths of a CPU in force", thousandths(quota, period), expected);
  }

  private static String thousandths(String quota, String period) {
    try {
      return Long.toString(Math.ceilDiv(Long.parseLong(quota) * 1000, Long.parseLong(period)));
    } catch (ArithmeticException | NumberFormatException e) {
      return quota + " of " + period;
    }
  }

  // Version 2 keeps this list in a program that nobody can read; there only /dev shows it.
  private void devices() throws IOException {
    Path directory = version1("devices");
    if (directory != null) {
      for (String device : read(directory, "devices.list").split("\n")) {
        if (!DEVICES.contains(device)) {
          findings.add(new Finding("devices in force", "the engine's own", device));
        }
      }
    }
  }

  /** The process's directory for a controller of version 1, or null if it is not mounted so. */
  private @Nullable Path version1(String controller) throws IOException {
    for (Mount mount : mounts.mounts()) {
      if (mount.type().equals("cgroup") && mount.superOptions().contains(controller)) {
        return directory(mount, paths.get(controller));
      }
    }
    return null;
  }

  private Path version2() throws IOException {
    for (Mount mount : mounts.mounts()) {
      if (mount.type().equals("cgroup2")) {
        return directory(mount, paths.get(""));
      }
    }
    throw new IOException("no cgroup file system is mounted");
  }

  private Path directory(Mount mount, @Nullable String path) throws IOException {
    // Without the host's cgroup namespace the path would be relative to another place.
    if (path == null || !mount.root().equals("/") || path.contains("..")) {
      throw new IOException(
          "the cgroup of the process cannot be found; a service in a container needs the host's"
              + " cgroup namespace");
    }
    return root.resolve(mount.point().substring(1)).resolve(path.substring(1));
  }

  private static String read(Path directory, String file) throws IOException {
    return Files.readString(directory.resolve(file)).strip();
  }

  /** The kernel rounds down to whole pages. */
  private void bytes(String attribute, String actual, long expected) {
    boolean number = actual.matches("[0-9]{1,18}");
    long bytes = number ? Long.parseLong(actual) : -1;
    if (bytes > expected || bytes <= expected - PAGE_BYTES_MAX) {
      findings.add(new Finding(attribute, Long.toString(expected), actual));
    }
  }

  private void same(String attribute, String actual, String expected) {
    if (!actual.equals(expected)) {
      findings.add(new Finding(attribute, expected, actual));
    }
  }
}
