package dev.helm.cli.launch.firewall;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.ProcessId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What {@code helm doctor} says of chain HELM_EGRESS: the root part's last word, for people. */
public final class ChainFinding {
  private static final String SUBJECT = ChainRules.CHAIN;
  private static final long FILE_BYTES_MAX = 64 << 10;
  private static final long FRESH_MS = 10_000;

  private ChainFinding() {}

  /** Reads the attestation; looks at no table, for which doctor may lack the right. */
  public static Finding of(Path file) {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than 64 KiB");
      }
      Attestation word = new ObjectMapper().readValue(Files.readAllBytes(file), Attestation.class);
      return of(word);
    } catch (NoSuchFileException e) {
      return Finding.note(
          SUBJECT,
          "not installed: agents' containers have no network interface, only Helm's proxy",
          "");
    } catch (IOException | RuntimeException e) {
      return Finding.warn(
          SUBJECT, "its state cannot be read: " + e.getMessage(), "run as the owner or root");
    }
  }

  private static Finding of(Attestation word) throws IOException {
    long ageMs = Attestation.uptime() - word.uptimeMs();
    if (!word.boot().equals(ProcessId.boot()) || ageMs > FRESH_MS) {
      return Finding.warn(
          SUBJECT,
          "nobody looks at it now · no container with an interface starts",
          "start Helm as root, or helm down to take away what is left");
    }
    return switch (word.state()) {
      case Attestation.INTACT ->
          Finding.fine(
              SUBJECT, "in place and unaltered · packets dropped: " + word.droppedPackets());
      case Attestation.UNAVAILABLE ->
          Finding.note(
              SUBJECT,
              "not installed: " + word.why() + " · only containers with an interface are refused",
              "");
      default ->
          Finding.wrong(
              SUBJECT,
              "missing or altered · " + word.why() + " · no container with an interface starts",
              "the launcher puts it back; if this stays, find out what else changes iptables rules");
    };
  }
}
