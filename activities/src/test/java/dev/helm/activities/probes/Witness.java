package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Looks from the host, before an attack and after it. A difference means that it had an effect. */
@FunctionalInterface
interface Witness {
  String look(Lab lab, Box box) throws Exception;

  /** What is mounted in the container. */
  Witness MOUNTS = (lab, box) -> proc(box, "mountinfo");

  /** The container's addresses. */
  Witness ADDRESSES = (lab, box) -> proc(box, "net/fib_trie");

  /** Whether the first process lives. */
  Witness LIFE =
      (lab, box) ->
          Files.exists(
                  Path.of("/proc", Integer.toString(box.pid()), "exe"), LinkOption.NOFOLLOW_LINKS)
              ? "alive"
              : "dead";

  /** What the kernel enforces for the container's group. */
  Witness GROUP_LIMITS = (lab, box) -> Cgroups.limits(box.pid());

  /** Connections that the host's canary took. */
  Witness CANARY_CONNECTIONS = (lab, box) -> "connections " + lab.machine().canaries.connections();

  /** Packets that the host's canary took. */
  Witness CANARY_PACKETS = (lab, box) -> "packets " + lab.machine().canaries.packets();

  /** What the service in the other network heard. */
  Witness HOLDER = (lab, box) -> lab.holderHeard();

  /** Names, inodes and sizes in the slot's socket directory. */
  Witness SOCKETS =
      (lab, box) -> {
        List<String> seen = new ArrayList<>();
        try (Stream<Path> entries = Files.list(box.sockets())) {
          for (Path entry : entries.sorted().toList()) {
            seen.add(
                entry.getFileName()
                    + " "
                    + Files.getAttribute(entry, "unix:ino", LinkOption.NOFOLLOW_LINKS)
                    + " "
                    + Files.getAttribute(entry, "size", LinkOption.NOFOLLOW_LINKS));
          }
        }
        return seen.toString();
      };

  /** State of the process named helm-executor in the container. */
  Witness EXECUTOR = (lab, box) -> Processes.stateOf(box.container(), "helm-executor");

  /** The decoy in another container. */
  Witness DECOY = (lab, box) -> Processes.alive(lab.decoyPid());

  /** Device nodes and setuid files in the workspace. */
  Witness SPECIAL_FILES =
      (lab, box) -> {
        TreeSet<String> seen = new TreeSet<>();
        try (Stream<Path> entries = Files.list(box.workspace())) {
          for (Path entry : entries.toList()) {
            int mode = (Integer) Files.getAttribute(entry, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            int kind = mode & 0170000;
            if (kind == 0060000 || kind == 0020000) {
              seen.add(entry.getFileName() + " is a device");
            } else if (kind == 0100000
                && (mode & 06000) != 0
                && (Integer) Files.getAttribute(entry, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                    == 0) {
              seen.add(entry.getFileName() + " is setuid root");
            }
          }
        }
        return seen.toString();
      };

  /** A file of this machine that holds a setting. */
  static Witness file(String path) {
    return (lab, box) -> {
      Path file = Path.of(path);
      return Files.exists(file) ? Files.readString(file).strip() : "absent";
    };
  }

  /** The container's own name for itself. */
  Witness HOSTNAME = (lab, box) -> box.bash("cat /proc/sys/kernel/hostname", 20_000);

  private static String proc(Box box, String file) throws IOException {
    return Files.readString(Path.of("/proc", Integer.toString(box.pid()), file));
  }
}
