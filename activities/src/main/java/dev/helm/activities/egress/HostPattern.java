package dev.helm.activities.egress;

/**
 * One entry of an allowlist: a host, or {@code *.} and a suffix of at least two labels, which means
 * every host below the suffix and not the suffix itself.
 */
public record HostPattern(HostName host, boolean below) {
  /**
   * Reads {@code example.com} or {@code *.example.com}.
   *
   * @throws IllegalArgumentException says what is wrong
   */
  public static HostPattern parse(String raw) {
    boolean below = raw.startsWith("*.");
    HostName host = HostName.parse(below ? raw.substring(2) : raw);
    if (below && host.isSingleLabel()) {
      throw new IllegalArgumentException("a wildcard needs a suffix of two labels: " + raw);
    }
    return new HostPattern(host, below);
  }

  /** Whether this entry allows the host. */
  public boolean matches(HostName candidate) {
    return below ? candidate.toString().endsWith("." + host) : candidate.equals(host);
  }
}
