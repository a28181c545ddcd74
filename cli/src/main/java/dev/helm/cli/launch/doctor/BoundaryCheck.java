package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.firewall.Attestation;
import dev.helm.cli.launch.firewall.Firewall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** What keeps agents in: the network's chain, and the bound on a workspace's size. */
final class BoundaryCheck implements Check {
  private static final int FILE_BYTES_MAX = 1 << 20;
  private static final String SUBJECT = "firewall";

  /** As old as the service lets it become. */
  private static final long WORD_MS_MAX = 10_000;

  private final Site site;

  BoundaryCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    return List.of(chain(), workspaces());
  }

  // Attack: someone removes or reorders the rules, and containers speak to the host and beyond.
  private Finding chain() {
    try {
      if (site.root() || site.running().isEmpty()) {
        return Firewall.inspect(site.running().isPresent());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return attested(site.home().run().resolve(Attestation.FILE));
  }

  /** The root part's last word: who is not root cannot look at the rules themselves. */
  private Finding attested(Path file) {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than a mebibyte");
      }
      JsonNode said = new ObjectMapper().readTree(Files.readAllBytes(file));
      if (!said.path("boot").asText().equals(text("/proc/sys/kernel/random/boot_id"))
          || uptimeMs() - said.path("uptimeMs").asLong() > WORD_MS_MAX) {
        return wrong("nobody has looked at it for more than " + WORD_MS_MAX / 1000 + " s");
      }
      String state = said.path("state").asText();
      return state.equals("intact")
          ? Finding.fine(SUBJECT, "HELM_EGRESS is in place")
          : wrong("HELM_EGRESS is " + state + ": " + said.path("why").asText());
    } catch (NoSuchFileException e) {
      return Finding.note(
          SUBJECT,
          "not installed: Helm is not root here; runs have no network interface",
          "start Helm as root for tools that need one");
    } catch (IOException | NumberFormatException e) {
      return Finding.warn(
          SUBJECT, "its state cannot be read: " + e.getMessage(), "run helm doctor as root");
    }
  }

  private static Finding wrong(String text) {
    return Finding.wrong(
        SUBJECT,
        text + " · no container with a network interface starts",
        "the launcher puts it back; if this stays, see what else writes iptables rules");
  }

  private String text(String name) {
    return site.machine().text(name).orElse("");
  }

  private long uptimeMs() {
    String text = text("/proc/uptime");
    return (long) (Double.parseDouble(text.split(" ", 2)[0]) * 1000);
  }

  // Attack: an agent fills the host's disk.
  private Finding workspaces() {
    String subject = "workspace size";
    String boxes = site.home().root().resolve("boxes") + "/";
    long own =
        text("/proc/mounts")
            .lines()
            .map(line -> line.split(" ", -1))
            .filter(mount -> mount.length > 2 && mount[1].startsWith(boxes))
            .count();
    if (own > 0) {
      return Finding.fine(subject, "bounded: each has a disk of its own (" + own + " mounted)");
    }
    boolean loops = Files.exists(site.machine().path("/dev/loop-control"));
    if (site.root() && loops && site.running().isEmpty()) {
      return Finding.fine(subject, "helm up gives each a disk of its own");
    }
    return Finding.note(
        subject,
        "watched and not bounded ("
            + (!site.root()
                ? "only root can mount"
                : loops ? "no disk is in use" : "no loop device")
            + "): a run over its limit is stopped a moment later",
        site.root()
            ? "docs/workspace.md tells about disks"
            : "start Helm as root for a hard bound");
  }
}
