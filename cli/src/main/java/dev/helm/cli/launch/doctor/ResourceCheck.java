package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Disk, memory, swap, open files. */
final class ResourceCheck implements Check {
  /** Below this no workspace gets a disk; at a 32nd of it the log stops (docs/event-log.md). */
  private static final long DISK_BYTES_MIN = 1L << 30;

  private static final long DISK_BYTES_WANTED = 5L << 30;
  private static final long MEMORY_KIB_WANTED = 2L << 20;
  private static final long FILES_WANTED = 4_096;
  private static final Set<String> NETWORK =
      Set.of("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "virtiofs");
  private static final Set<String> MEMORY = Set.of("tmpfs", "ramfs");

  private final Site site;

  ResourceCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    Path place = existing(site.home().root());
    try {
      FileStore store = Files.getFileStore(place);
      findings.add(space(store.getUsableSpace(), store.getTotalSpace(), place));
      findings.add(kind(store.type(), place));
    } catch (IOException e) {
      findings.add(Finding.wrong("disk", String.valueOf(e.getMessage()), "check the disk (dmesg)"));
    }
    findings.add(memory());
    findings.add(swap());
    limit("Max open files").ifPresent(files -> findings.add(openFiles(files)));
    return findings;
  }

  private static Path existing(Path path) {
    Path at = path;
    while (!Files.exists(at) && at.getParent() != null) {
      at = at.getParent();
    }
    return at;
  }

  static Finding space(long freeBytes, long totalBytes, Path place) {
    String text = "%.1f of %.1f GB free at %s".formatted(freeBytes / 1e9, totalBytes / 1e9, place);
    if (freeBytes < DISK_BYTES_MIN) {
      return Finding.wrong(
          "disk",
          text + " · too little for new workspaces; Helm pauses all runs when it is full",
          "free space: du -xh "
              + place
              + " | sort -h | tail; docker system df; helm down cleans up");
    }
    return freeBytes < DISK_BYTES_WANTED
        ? Finding.warn("disk", text, "5 GB or more leave room for workspaces, snapshots and images")
        : Finding.fine("disk", text);
  }

  static Finding kind(String type, Path place) {
    if (NETWORK.contains(type)) {
      return Finding.warn(
          "file system",
          type + " at " + place + " · locks and fsync over a network are not to be trusted",
          "put HELM_HOME on a local disk: helm up --home DIR");
    }
    return MEMORY.contains(type)
        ? Finding.warn(
            "file system",
            type + " at " + place + " · all runs are gone when the machine stops",
            "put HELM_HOME on a disk: helm up --home DIR")
        : Finding.fine("file system", type);
  }

  private Optional<Long> meminfo(String name) {
    return site.machine()
        .text("/proc/meminfo")
        .orElse("")
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst();
  }

  private Finding memory() {
    long available = meminfo("MemAvailable").orElse(0L);
    String text =
        "%.1f of %.1f GB free".formatted(available / 1e6, meminfo("MemTotal").orElse(0L) / 1e6);
    return available >= MEMORY_KIB_WANTED
        ? Finding.fine("memory", text)
        : Finding.warn("memory", text, "2 GB and the runs' own limits should be free");
  }

  private Finding swap() {
    long total = meminfo("SwapTotal").orElse(0L);
    return total == 0
        ? Finding.fine("swap", "none · keys and prompts never reach a disk this way")
        : Finding.note(
            "swap",
            "%.1f GB · what Helm holds in memory may be written there".formatted(total / 1e6),
            "encrypt the swap partition if the disk can leave your hands");
  }

  private Optional<Long> limit(String name) {
    return SecretsCheck.limit(site.machine(), "self", name);
  }

  private static Finding openFiles(long soft) {
    return soft >= FILES_WANTED
        ? Finding.fine("open files", soft + " a process")
        : Finding.warn(
            "open files",
            soft + " a process · many runs or viewers need more",
            "ulimit -n 65536 before helm up, or LimitNOFILE=65536 in its unit");
  }
}
