package dev.helm.service.auth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What stands before the service, as the operator says in {@code config.yml}: the proxies whose
 * word on a client's address counts, and the addresses under which browsers see Helm.
 *
 * @param trustedProxies networks of the proxies
 * @param origins what a browser may send as Origin, lower case
 */
public record Front(List<Network> trustedProxies, Set<String> origins) {
  private static final int HOPS_MAX = 32;

  public Front {
    trustedProxies = List.copyOf(trustedProxies);
    origins = Set.copyOf(origins);
  }

  /**
   * Reads {@code trustedProxies} and {@code origins} of the file; a missing one is empty. Helm's
   * own loopback addresses are origins always.
   *
   * @throws IllegalArgumentException when something in it is not understood
   */
  public static Front read(Path home, int port) {
    Set<String> origins = new LinkedHashSet<>();
    for (String host : List.of("127.0.0.1", "localhost", "[::1]")) {
      origins.add("http://" + host + ":" + port);
    }
    Path file = home.resolve("config.yml");
    if (!Files.exists(file)) {
      return new Front(List.of(), origins);
    }
    try {
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      List<Network> proxies =
          texts(root, "trustedProxies").stream()
              .map(text -> Network.of("trustedProxies", text))
              .toList();
      texts(root, "origins").forEach(text -> origins.add(origin(text)));
      return new Front(proxies, origins);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<String> texts(@Nullable JsonNode root, String member) {
    JsonNode list = root == null ? null : root.get(member);
    if (list == null || list.isNull()) {
      return List.of();
    }
    if (!list.isArray()
        || StreamSupport.stream(list.spliterator(), false).anyMatch(n -> !n.isTextual())) {
      throw new IllegalArgumentException("config.yml: " + member + " has to be a list of texts");
    }
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }

  private static String origin(String text) {
    try {
      URI uri = URI.create(text);
      String scheme = uri.getScheme();
      boolean web = "https".equals(scheme) || "http".equals(scheme);
      if (web
          && uri.getRawAuthority() != null
          && text.equals(scheme + "://" + uri.getRawAuthority())) {
        return text.toLowerCase(java.util.Locale.ROOT);
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new IllegalArgumentException(
        "config.yml: origins has \"" + text + "\"; expected https://HOST or https://HOST:PORT");
  }

  /**
   * Where a request really comes from: the right-most hop that is no trusted proxy. Attack: a
   * client writes an X-Forwarded-For of its own to count as many addresses, or as the machine
   * itself.
   *
   * @param peer the other end of the connection
   * @param forwardedFor the X-Forwarded-For headers in their order
   */
  public InetAddress client(InetAddress peer, List<String> forwardedFor) {
    InetAddress client = peer;
    List<String> hops =
        forwardedFor.stream().flatMap(line -> Arrays.stream(line.split(",", -1))).toList();
    List<String> nearestFirst = hops.reversed();
    for (String hop : nearestFirst.subList(0, Math.min(HOPS_MAX, nearestFirst.size()))) {
      InetAddress address = trusts(client) ? literal(hop.strip()) : null;
      if (address == null) {
        return client;
      }
      client = address;
    }
    return client;
  }

  /** Whether the address is one of the proxies. */
  public boolean trusts(InetAddress address) {
    return trustedProxies.stream().anyMatch(network -> network.contains(address));
  }

  /** Whether a browser's request may come from there: no Origin (no browser), or one of ours. */
  public boolean allows(@Nullable List<String> origin) {
    List<String> sent = origin == null ? Collections.emptyList() : origin;
    return sent.isEmpty()
        || (sent.size() == 1
            && origins.contains(sent.getFirst().toLowerCase(java.util.Locale.ROOT)));
  }

  private static @Nullable InetAddress literal(String text) {
    try {
      return text.length() > 45 ? null : InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** A range of addresses. */
  public record Network(InetAddress base, int prefix) {
    static Network of(String member, String text) {
      int slash = text.indexOf('/');
      InetAddress base = literal(slash < 0 ? text : text.substring(0, slash));
      int bits = base == null ? 0 : base.getAddress().length * 8;
      String size = slash < 0 ? String.valueOf(bits) : text.substring(slash + 1);
      if (base == null || !size.matches("[0-9]{1,3}") || Integer.parseInt(size) > bits) {
        throw new IllegalArgumentException(
            "config.yml: " + member + " has \"" + text + "\"; expected a network like 10.0.0.0/8");
      }
      return new Network(base, Integer.parseInt(size));
    }

    boolean contains(InetAddress address) {
      byte[] ours = base.getAddress();
      byte[] theirs = address.getAddress();
      if (ours.length != theirs.length) {
        return false;
      }
      for (int bit = 0; bit < prefix; bit++) {
        int mask = 0x80 >> (bit % 8);
        if ((ours[bit / 8] & mask) != (theirs[bit / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }
}
