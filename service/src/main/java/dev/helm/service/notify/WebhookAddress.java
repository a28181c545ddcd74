package dev.helm.service.notify;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;

/**
 * Where notifications go: https, or plain http to this machine only.
 *
 * @param uri the whole address; its path may hold a secret and is never shown
 */
public record WebhookAddress(URI uri) {
  private static final int CHARS_MAX = 2_000;
  private static final Set<String> HERE = Set.of("localhost", "127.0.0.1", "[::1]");

  /**
   * Reads {@code notify.webhook} of config.yml.
   *
   * @throws IllegalArgumentException when it is no such address
   */
  public static WebhookAddress of(String text) {
    try {
      URI uri = new URI(text);
      boolean https = "https".equals(uri.getScheme());
      boolean here = "http".equals(uri.getScheme()) && HERE.contains(String.valueOf(uri.getHost()));
      if (text.length() <= CHARS_MAX
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawFragment() == null
          && (https || here)) {
        return new WebhookAddress(uri);
      }
    } catch (URISyntaxException e) {
      // Told below without the text, which may hold a secret.
    }
    throw new IllegalArgumentException(
        "config.yml: notify.webhook has to be an https address without user and fragment (plain"
            + " http only to this machine)");
  }

  /** Host and port, which is all that is ever shown. */
  public String shown() {
    return uri.getPort() < 0 ? uri.getHost() : uri.getHost() + ":" + uri.getPort();
  }

  @Override
  public String toString() {
    return shown();
  }
}
