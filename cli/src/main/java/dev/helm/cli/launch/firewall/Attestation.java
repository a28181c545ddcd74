package dev.helm.cli.launch.firewall;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.OwnFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the root part says of the chain in {@code HELM_HOME/run/egress-chain.json}. The service
 * reads it and believes it for some seconds.
 *
 * @param state {@code intact}, {@code altered} or {@code unavailable}
 * @param why in words, when it is not intact
 * @param boot the machine's boot, as the kernel names it
 * @param uptimeMs when it was looked at: milliseconds since that boot, which no clock can change
 * @param proxy address and port that containers with an interface may reach
 * @param bridges interfaces in the chain's own network namespace that it applies to
 * @param droppedPackets what the chains have dropped, both families together
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Attestation(
    String state,
    String why,
    String boot,
    long uptimeMs,
    String proxy,
    List<String> bridges,
    long droppedPackets) {
  /** The file's name in {@code HELM_HOME/run}. */
  public static final String FILE = "egress-chain.json";

  static final String INTACT = "intact";
  static final String ALTERED = "altered";
  static final String UNAVAILABLE = "unavailable";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Copies the list. */
  public Attestation {
    bridges = List.copyOf(bridges);
  }

  // Attack: the service's user writes its own attestation. Safeguard: the file is root's, made
  // under a name that nobody can guess and renamed; the reader looks at its owner and mode.
  void write(Path file) throws IOException {
    OwnFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this), "rw-r--r--");
  }

  /** Milliseconds since the machine's start. */
  static long uptime() throws IOException {
    String text = Files.readString(Path.of("/proc/uptime"));
    return (long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1000);
  }
}
