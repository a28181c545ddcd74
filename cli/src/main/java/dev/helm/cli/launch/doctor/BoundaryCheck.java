package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** What keeps agents in: the network's chain, and the bound on a workspace's size. */
final class BoundaryCheck implements Check {
  private static final int FILE_BYTES_MAX = 1 << 20;

  private final Site site;

  BoundaryCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    return List.of(chain(), workspaces());
  }

  /**
   * What Helm's own look at HELM_EGRESS said last, in {@code run/egress-chain.json}: {@code
   * {"intact":true,"at":"…","detail":"…"}}. The doctor itself may lack the right to look.
   */
  // Attack: someone removes or reorders the rules, and agents speak to the host and the internet.
  private Finding chain() {
    Path file = site.home().run().resolve("egress-chain.json");
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than a mebibyte");
      }
      JsonNode said = new ObjectMapper().readTree(Files.readAllBytes(file));
      String text = said.path("detail").asText("") + " · looked at " + said.path("at").asText("?");
      return said.path("intact").asBoolean(false)
          ? Finding.fine("HELM_EGRESS", "in place and unaltered · " + text)
          : Finding.wrong(
              "HELM_EGRESS",
              "missing or altered · " + text + " · no container with an interface starts",
              "helm down && helm up installs it anew; find out what changed it (iptables -S)");
    } catch (NoSuchFileException e) {
      return Finding.note(
          "HELM_EGRESS",
          "not needed: agents' containers have no network interface, only Helm's proxy",
          "");
    } catch (IOException e) {
      return Finding.warn(
          "HELM_EGRESS", "its state cannot be read: " + e.getMessage(), "run as the owner or root");
    }
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
