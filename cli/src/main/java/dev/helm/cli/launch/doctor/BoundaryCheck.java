package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.firewall.ChainFinding;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;

/** What keeps agents in: the network's chain, and the bound on a workspace's size. */
final class BoundaryCheck implements Check {
  private final Site site;

  BoundaryCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    return List.of(chain(), workspaces());
  }

  // Attack: someone removes or reorders the rules, and agents speak to the host and the internet.
  private Finding chain() {
    return ChainFinding.of(site.home().egressChain());
  }

  // Attack: an agent fills the host's disk.
  private Finding workspaces() {
    String slots = site.home().root().resolve("slots").toString();
    boolean own =
        site.machine()
            .text("/proc/mounts")
            .orElse("")
            .lines()
            .map(line -> line.split(" ", -1))
            .anyMatch(
                mount ->
                    mount.length > 2
                        && mount[1].startsWith(slots)
                        && !Set.of("tmpfs", "overlay").contains(mount[2]));
    if (own) {
      return Finding.fine("workspace size", "each has a file system of its own size");
    }
    boolean loops = Files.exists(site.machine().path("/dev/loop-control"));
    return site.root() && loops
        ? Finding.fine("workspace size", "can be bounded by an image of fixed size")
        : Finding.note(
            "workspace size",
            (site.root() ? "no loop devices here" : "only root can mount")
                + ": sizes are watched, and a run over its limit is stopped a moment later",
            site.root() ? "modprobe loop" : "start Helm as root for a hard bound");
  }
}
