package dev.helm.service;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The service's settings, all from environment variables.
 *
 * @param home all state
 * @param bind address that REST listens on
 * @param port port of REST; the admin port is the next one
 * @param temporalAddress host and port of the workflow engine
 * @param dockerHost the container engine's socket, empty for none: read-only then
 * @param keyProxy address of the key proxy
 * @param practice whether the practice model stands in
 * @param image id of the sandbox image, empty for none
 * @param smtpUrl mail relay, empty for none
 */
public record Settings(
    Path home,
    String bind,
    int port,
    String temporalAddress,
    String dockerHost,
    String keyProxy,
    boolean practice,
    String image,
    String smtpUrl) {
  /** Longest home, because socket paths below it have a fixed room. */
  private static final int HOME_CHARS_MAX = 60;

  public Settings {
    if (home.toString().length() > HOME_CHARS_MAX) {
      throw new IllegalArgumentException(
          "HELM_HOME is longer than " + HOME_CHARS_MAX + " characters; choose a shorter path");
    }
    if (port < 1 || port > 65_529) {
      throw new IllegalArgumentException("HELM_PORT has to be from 1 to 65529");
    }
  }

  /** Port of health checks and metrics, on loopback. */
  public int adminPort() {
    return port + 1;
  }

  /** Reads them from an environment. */
  public static Settings of(Map<String, String> env) {
    int port = port(env.get("HELM_PORT"));
    return new Settings(
        home(env),
        or(env.get("HELM_BIND"), "127.0.0.1"),
        port,
        or(env.get("TEMPORAL_ADDRESS"), "127.0.0.1:" + (port + 2)),
        or(env.get("DOCKER_HOST"), ""),
        or(env.get("HELM_KEYPROXY"), "http://127.0.0.1:" + (port + 4)),
        "true".equals(env.get("HELM_PRACTICE")),
        or(env.get("HELM_IMAGE"), ""),
        or(env.get("HELM_SMTP_URL"), ""));
  }

  /** What the configuration file's placeholders stand for. */
  Map<String, String> placeholders() {
    Map<String, String> values = new HashMap<>();
    values.put("HELM_BIND", bind);
    values.put("HELM_PORT", Integer.toString(port));
    values.put("HELM_ADMIN_PORT", Integer.toString(adminPort()));
    return values;
  }

  private static Path home(Map<String, String> env) {
    String home = env.get("HELM_HOME");
    if (home == null || home.isBlank()) {
      throw new IllegalArgumentException("HELM_HOME is not set; the launcher ./helm sets it");
    }
    return Path.of(home).toAbsolutePath().normalize();
  }

  private static int port(@Nullable String text) {
    try {
      return text == null || text.isBlank() ? 4356 : Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("HELM_PORT is \"" + text + "\", which is no number", e);
    }
  }

  private static String or(@Nullable String value, String otherwise) {
    return value == null || value.isBlank() ? otherwise : value;
  }
}
