package dev.helm.activities.sandbox;

import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the kernel says of a running container's first process, not only what the engine echoes. */
final class ProcessChecklist {
  private static final String NO_CAPABILITIES = "0000000000000000";

  private ProcessChecklist() {}

  /**
   * Findings for a process.
   *
   * @param proc {@code /proc/<pid>} as this process sees it; if it is not there (the service runs
   *     in a container) nothing can be said and nothing is found
   */
  static List<Finding> check(Path proc, int uid) throws IOException {
    List<Finding> findings = new ArrayList<>();
    if (!Files.isReadable(proc.resolve("status"))) {
      return findings;
    }
    Map<String, String> status = new HashMap<>();
    for (String line : Files.readAllLines(proc.resolve("status"))) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        status.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    String ids = uid + "\t" + uid + "\t" + uid + "\t" + uid;
    same(findings, "Uid", status.get("Uid"), ids);
    same(findings, "Gid", status.get("Gid"), ids);
    for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
      same(findings, set, status.get(set), NO_CAPABILITIES);
    }
    same(findings, "NoNewPrivs", status.get("NoNewPrivs"), "1");
    same(findings, "Seccomp", status.get("Seccomp"), "2");
    mounts(findings, proc.resolve("mountinfo"));
    interfaces(findings, proc.resolve("net/dev"));
    return findings;
  }

  private static void mounts(List<Finding> findings, Path mountInfo) throws IOException {
    Map<String, Set<String>> options = new HashMap<>();
    for (String line : Files.readAllLines(mountInfo)) {
      String[] fields = line.split(" ");
      if (fields.length > 5) {
        options.put(fields[4], new HashSet<>(List.of(fields[5].split(","))));
      }
    }
    has(findings, options, "/", Set.of("ro"));
    has(findings, options, "/tmp", Set.of("nosuid", "nodev"));
    has(findings, options, ContainerPlan.SOCKETS_TARGET, Set.of("ro"));
    has(findings, options, ContainerPlan.BOX_TARGET, Set.of("rw"));
  }

  private static void interfaces(List<Finding> findings, Path devices) throws IOException {
    if (!Files.isReadable(devices)) {
      return;
    }
    for (String line : Files.readAllLines(devices)) {
      int colon = line.indexOf(':');
      if (colon > 0 && !line.substring(0, colon).strip().equals("lo")) {
        findings.add(
            new Finding("network interfaces", "lo only", line.substring(0, colon).strip()));
      }
    }
  }

  private static void has(
      List<Finding> findings,
      Map<String, Set<String>> options,
      String mount,
      Set<String> expected) {
    Set<String> actual = options.getOrDefault(mount, Set.of());
    if (!actual.containsAll(expected)) {
      findings.add(
          new Finding("mount " + mount, expected.toString(), actual.toString()));
    }
  }

  private static void same(
      List<Finding> findings, String name, @Nullable String actual, String expected) {
    if (!expected.equals(actual)) {
      findings.add(new Finding("process " + name, expected, String.valueOf(actual)));
    }
  }
}
