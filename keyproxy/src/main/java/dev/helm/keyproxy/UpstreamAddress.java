package dev.helm.keyproxy;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The one place that calls go to. Without TLS only on this machine. */
record UpstreamAddress(boolean tls, String host, int port) {
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

  static UpstreamAddress parse(String url) throws StartException {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw bad();
    }
    String scheme = uri.getScheme();
    String host = uri.getHost();
    if (host == null || uri.getRawUserInfo() != null || !bare(uri) || uri.getPort() > 65_535) {
      throw bad();
    }
    boolean tls = "https".equals(scheme);
    if (!tls && !("http".equals(scheme) && LOOPBACK.contains(host))) {
      throw bad();
    }
    int port = uri.getPort() > 0 ? uri.getPort() : tls ? 443 : 80;
    return new UpstreamAddress(tls, host, port);
  }

  private static boolean bare(URI uri) {
    return isEmpty(uri.getRawQuery())
        && isEmpty(uri.getRawFragment())
        && (isEmpty(uri.getRawPath()) || uri.getRawPath().equals("/"));
  }

  private static boolean isEmpty(@Nullable String part) {
    return part == null || part.isEmpty();
  }

  private static StartException bad() {
    return new StartException(
        "--upstream must be https://HOST[:PORT], or http:// for a loopback host, without a path");
  }

  /** As the Host header names it. */
  String hostHeader() {
    return port == (tls ? 443 : 80) ? host : host + ":" + port;
  }
}
