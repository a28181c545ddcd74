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
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel says of a running container's first process and its cgroup, not only what the
 * engine echoes. What cannot be read is a finding too.
 */
final class ProcessChecklist {
  private static final String NO_CAPABILITIES = "0000000000000000";
  private static final Set<String> LOCKED = Set.of("nosuid", "nodev", "noexec");

  /** Every place where a file system may be mounted but /slot, with the options it must have. */
  private static final Map<String, Set<String>> MOUNTS =
      Map.ofEntries(
          Map.entry("/", Set.of("ro")),
          Map.entry("/proc", LOCKED),
          Map.entry("/dev", Set.of("nosuid")),
          Map.entry("/dev/pts", Set.of("nosuid", "noexec")),
          Map.entry("/dev/mqueue", LOCKED),
          Map.entry("/dev/shm", LOCKED),
          Map.entry("/sys", Set.of("ro", "nosuid", "nodev", "noexec")),
          Map.entry("/sys/fs/cgroup", LOCKED),
          Map.entry("/etc/resolv.conf", Set.of("ro")),
          Map.entry("/etc/hostname", Set.of("ro")),
          Map.entry("/etc/hosts", Set.of("ro")),
          Map.entry("/tmp", Set.of("rw", "nosuid", "nodev")),
          Map.entry(ContainerPlan.SOCKETS_TARGET, Set.of("ro")));

  /** Engines leave these out where a container has no network. */
  private static final Set<String> OPTIONAL =
      Set.of("/etc/resolv.conf", "/etc/hostname", "/etc/hosts");

  private final Map<String, Set<String>> expectedMounts;
  private final Path root;
  private final Path process;
  private final ContainerPlan plan;
  private final List<Finding> findings = new ArrayList<>();

  private ProcessChecklist(Path root, int pid, ContainerPlan plan) {
    this.root = root;
    this.process = root.resolve("proc").resolve(Integer.toString(pid));
    this.plan = plan;
    this.expectedMounts = new HashMap<>(MOUNTS);
    expectedMounts.put(ContainerPlan.BOX_TARGET, Set.of(plan.boxMode()));
  }

  /**
   * All findings, none if the process is as planned.
   *
   * @param root {@code /}, or a tree that stands for it in tests
   * @param pid the process in this process's own pid namespace
   */
  static List<Finding> check(Path root, int pid, ContainerPlan plan) {
    ProcessChecklist list = new ProcessChecklist(root, pid, plan);
    try {
      list.status();
      list.mounts();
      list.interfaces();
      list.openFiles();
      list.confinement();
      list.findings.addAll(CgroupChecklist.check(root, list.process, plan));
    } catch (IOException e) {
      list.find(
          "the kernel's view of the process",
          "readable (a service in a container needs the host's pid namespace)",
          e.toString());
    }
    return List.copyOf(list.findings);
  }

  private void status() throws IOException {
    Map<String, String> status = new HashMap<>();
    for (String line : Files.readAllLines(process.resolve("status"))) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        status.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    String uid = Integer.toString(plan.uid());
    String ids = String.join("\t", uid, uid, uid, uid);
    // A process of root, or with one capability, reaches what the kernel keeps from the agent.
    same("Uid", status.get("Uid"), ids);
    same("Gid", status.get("Gid"), ids);
    String groups = status.getOrDefault("Groups", "?");
    if (!groups.isEmpty() && !groups.equals(uid)) {
      find("process Groups", "none but " + uid, groups);
    }
    for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
      same(set, status.get(set), NO_CAPABILITIES);
    }
    // A setuid program in the workspace would give it another user.
    same("NoNewPrivs", status.get("NoNewPrivs"), "1");
    same("Seccomp", status.get("Seccomp"), "2");
    // In the host's pid namespace it could see and signal the service's own processes.
    String numbers = status.getOrDefault("NSpid", "");
    if (numbers.split("\t").length < 2 || !numbers.endsWith("\t1")) {
      find("process NSpid", "the first of a pid namespace of its own", numbers);
    }
  }

  private void mounts() throws IOException {
    Map<String, Mount> last = new HashMap<>();
    for (Mount mount : MountTable.read(process.resolve("mountinfo")).mounts()) {
      last.put(mount.point(), mount);
    }
    for (Mount mount : last.values()) {
      Set<String> expected = expectedMounts.get(mount.point());
      if (expected != null) {
        options(mount, expected);
      } else if (mount.point().startsWith("/sys/fs/cgroup/")) {
        options(mount, Set.of("ro", "nosuid", "nodev", "noexec"));
      } else if (!isMask(mount)) {
        // One more mount is one more way to the host's files.
        find("mount " + mount.point(), "absent", "there");
      }
    }
    for (String point : new TreeSet<>(expectedMounts.keySet())) {
      if (!last.containsKey(point) && !OPTIONAL.contains(point)) {
        find("mount " + point, expectedMounts.get(point) + "", "absent");
      }
    }
  }

  /** What the engine puts over files of /proc and /sys: read-only, or /dev/null itself. */
  private static boolean isMask(Mount mount) {
    return (mount.point().startsWith("/proc/") || mount.point().startsWith("/sys/"))
        && (mount.options().contains("ro") || mount.root().equals("/null"));
  }

  private void options(Mount mount, Set<String> expected) {
    if (!mount.options().containsAll(expected)) {
      find(
          "mount " + mount.point(),
          new TreeSet<>(expected).toString(),
          new TreeSet<>(mount.options()).toString());
    }
  }

  private void interfaces() throws IOException {
    for (String line : Files.readAllLines(process.resolve("net/dev"))) {
      int colon = line.indexOf(':');
      if (colon > 0 && !line.substring(0, colon).strip().equals("lo")) {
        find("network interfaces", "lo only", line.substring(0, colon).strip());
      }
    }
  }

  private void openFiles() throws IOException {
    String limits = Files.readString(process.resolve("limits"));
    limit(limits, "Max open files", ContainerPlan.OPEN_FILES);
    limit(limits, "Max core file size", 0);
  }

  private void limit(String limits, String name, long expected) {
    String wanted = name + " +" + expected + " +" + expected + " .*";
    String line = limits.lines().filter(text -> text.startsWith(name)).findFirst().orElse("absent");
    if (!line.matches(wanted)) {
      find("process limit " + name, Long.toString(expected), line);
    }
  }

  /** Where the kernel has AppArmor, the engine's own profile must hold (CIS 5.2). */
  private void confinement() throws IOException {
    Path enabled = root.resolve("sys/module/apparmor/parameters/enabled");
    if (Files.isReadable(enabled) && Files.readString(enabled).startsWith("Y")) {
      String profile = Files.readString(process.resolve("attr/current")).strip();
      if (profile.isEmpty() || profile.startsWith("unconfined")) {
        find("AppArmor profile", "the engine's", profile);
      }
    }
  }

  private void same(String name, @Nullable String actual, String expected) {
    if (!expected.equals(actual)) {
      find("process " + name, expected, String.valueOf(actual));
    }
  }

  private void find(String attribute, String expected, String actual) {
    findings.add(new Finding(attribute, expected, actual));
  }
}
