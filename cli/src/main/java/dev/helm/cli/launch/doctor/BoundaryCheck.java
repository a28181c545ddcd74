package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.OwnFile;
import dev.helm.cli.launch.firewall.Attestation;
import dev.helm.cli.launch.firewall.Firewall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
    Path said = site.home().root().resolve("run").resolve("disks.json");
    try {
      Optional<String> text = OwnFile.readText(said);
      if (text.isEmpty()) {
        return possible();
      }
      JsonNode state = new ObjectMapper().readTree(text.get());
      return state.path("mode").asText().equals("images")
          ? Finding.fine(
              "workspace size",
              "each run has a disk of its own, %s MB and %s files"
                  .formatted(state.path("diskMb").asText("?"), state.path("diskFiles").asText("?")))
          : Finding.note(
              "workspace size",
              "watched, not bounded, since the last start: " + state.path("why").asText("?"),
              "docs/workspace.md says what that means");
    } catch (IOException e) {
      return Finding.warn(
          "workspace size", "its state cannot be read: " + e.getMessage(), "run as root");
    }
  }

  /** Before the first start. */
  private Finding possible() {
    boolean loops = Files.exists(site.machine().path("/dev/loop-control"));
    if (site.root() && loops) {
      return Finding.fine("workspace size", "helm up gives each run a disk of its own");
    }
    return Finding.note(
        "workspace size",
        "watched and not bounded ("
            + (site.root() ? "no loop device" : "only root can mount")
            + "): a run over its limit is stopped a moment later",
        site.root() ? "modprobe loop" : "start Helm as root for a hard bound");
  }
}
