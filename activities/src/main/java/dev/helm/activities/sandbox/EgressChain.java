package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.Set;

/**
 * What the root part says of chain HELM_EGRESS, in {@code HELM_HOME/run/egress-chain.json}. No
 * container with a network interface is made or started without its word of the last seconds.
 */
public final class EgressChain {
  /** How old the root part's word may be; it gives one every 2 s. */
  static final long MAX_AGE_MS = 10_000;

  private static final long MAX_BYTES = 64 << 10;
  private static final String CODE = "egress_chain";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final int writerUid;

  /** The chain that the launcher of this HELM_HOME keeps. */
  public EgressChain(Path home) {
    this(home.resolve("run").resolve("egress-chain.json"), 0);
  }

  EgressChain(Path file, int writerUid) {
    this.file = file;
    this.writerUid = writerUid;
  }

  /**
   * The chain as it stands.
   *
   * @param proxy where containers with an interface find the egress proxy, and nothing else
   * @param bridges interfaces that the chain applies to, in its own network namespace
   */
  public record Attested(InetSocketAddress proxy, Set<String> bridges) {
    /** Copies the set. */
    public Attested {
      bridges = Set.copyOf(bridges);
    }
  }

  /**
   * The root part's word.
   *
   * @throws SandboxRefused ({@code egress_chain}) there is none, it is too old, or the chain is not
   *     intact
   */
  public Attested requireIntact() {
    JsonNode word = read();
    String state = word.path("state").asText();
    if (!state.equals("intact")) {
      throw refused("it is " + state + ": " + word.path("why").asText());
    }
    // Attack: the root part is killed and the chain flushed, and its last word lives on. Safeguard:
    // the word is believed for seconds of this boot, counted by a clock that nobody can set.
    long ageMs = uptimeMs() - word.path("uptimeMs").asLong(Long.MIN_VALUE / 2);
    if (!word.path("boot").asText().equals(boot()) || ageMs < -1000 || ageMs > MAX_AGE_MS) {
      throw refused("nobody has looked at it for more than " + MAX_AGE_MS / 1000 + " s");
    }
    Set<String> bridges = new HashSet<>();
    word.path("bridges").forEach(name -> bridges.add(name.asText()));
    return new Attested(address(word.path("proxy").asText()), bridges);
  }

  private JsonNode read() {
    try {
      // Attack: someone else than the root part writes the word. Safeguard: root's file, which
      // nobody else can write, and no link.
      Set<PosixFilePermission> mode =
          Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
      boolean others =
          mode.contains(PosixFilePermission.GROUP_WRITE)
              || mode.contains(PosixFilePermission.OTHERS_WRITE);
      Object owner = Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || others
          || !owner.equals(writerUid)
          || Files.size(file) > MAX_BYTES) {
        throw refused(file + " is not the root part's");
      }
      JsonNode word = JSON.readTree(Files.readAllBytes(file));
      return word == null ? JSON.nullNode() : word;
    } catch (NoSuchFileException e) {
      throw refused("no root part keeps it; start Helm as root");
    } catch (IOException e) {
      throw refused(file + " cannot be read: " + e.getMessage());
    }
  }

  private static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    try {
      String ip = text.substring(0, Math.max(0, colon));
      if (!ip.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) {
        throw refused("it names no proxy");
      }
      return new InetSocketAddress(
          InetAddress.getByName(ip), Integer.parseInt(text.substring(colon + 1)));
    } catch (IOException | IllegalArgumentException e) {
      throw refused("it names no proxy");
    }
  }

  private static SandboxRefused refused(String why) {
    return new SandboxRefused(
        CODE,
        "no container with a network interface starts without chain HELM_EGRESS, and "
            + why
            + "; helm doctor says what to do");
  }

  static long uptimeMs() {
    try {
      String text = Files.readString(Path.of("/proc/uptime"));
      return (long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1000);
    } catch (IOException e) {
      throw refused("this machine's uptime cannot be read");
    }
  }

  static String boot() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      throw refused("this machine's boot cannot be told");
    }
  }
}
