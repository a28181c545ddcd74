package dev.helm.workflows.decide.guard;

import java.util.Locale;

/** Other machines, as commands name them. */
final class Hosts {
  private Hosts() {}

  /** bash's own network files. */
  static boolean socket(String path) {
    return path.startsWith("/dev/tcp/") || path.startsWith("/dev/udp/");
  }

  /** Whether a host, URL or socket path surely means this machine. */
  static boolean local(String target) {
    String host =
        target
            .toLowerCase(Locale.ROOT)
            .replaceFirst("^[a-z+]+://", "")
            .replaceFirst("^/dev/(tcp|udp)/", "");
    host = host.replaceFirst("^[^/@]*@", "").replaceFirst("[/?#].*$", "");
    return host.matches("(localhost|127(\\.\\d+){0,3}|0(\\.0\\.0\\.0)?|::1|\\[::1\\])(:.*)?");
  }

  /** The cloud's address for credentials. */
  static boolean metadata(String url) {
    return url.matches(
        "(?is).*(169\\.254\\.169\\.254|metadata\\.google\\.internal|100\\.100\\.100\\.200|fd00:ec2::254|169\\.254\\.170\\.2|2852039166|0xa9fea9fe).*");
  }
}
