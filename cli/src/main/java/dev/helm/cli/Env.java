package dev.helm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the terminal takes from its surroundings.
 *
 * @param variables environment variables
 * @param userHome the user's home directory
 */
public record Env(Map<String, String> variables, Path userHome) {
  /** The port of a service on this machine, unless HELM_PORT says otherwise. */
  public static final int DEFAULT_PORT = 4356;

  private static final Pattern COMMAND = Pattern.compile("(?<![\\w./-])helm (?=[a-z])");

  public Env {
    variables = Map.copyOf(variables);
  }

  /** This process's surroundings. */
  public static Env ofProcess() {
    return new Env(System.getenv(), Path.of(System.getProperty("user.home", "/")));
  }

  /** The same with one variable set, for a command that has its own HELM_HOME or HELM_PORT. */
  public Env with(String name, String value) {
    Map<String, String> changed = new HashMap<>(variables);
    changed.put(name, value);
    return new Env(changed, userHome);
  }

  /** A variable's value, or an empty text. */
  public String get(String name) {
    return variables.getOrDefault(name, "");
  }

  /** Where the service listens; HELM_URL, else this machine. No slash at its end. */
  public String url() {
    String url = get("HELM_URL");
    if (url.isEmpty()) {
      return "http://127.0.0.1:" + port();
    }
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  /** The state directory of a Helm on this machine. */
  public Path home() {
    String home = get("HELM_HOME");
    if (!home.isEmpty()) {
      return Path.of(home);
    }
    return root() ? Path.of("/var/lib/helm") : userHome.resolve(".helm");
  }

  /**
   * Advice with the command as this person calls it: {@code ./helm} where the checkout's launcher
   * was started beside itself.
   */
  public String hint(String text) {
    boolean launcher = !get("HELM_LAUNCHER").isEmpty() || !get("HELM_JAVA_HOME").isEmpty();
    return launcher && Files.isExecutable(Path.of("helm")) && !Files.isDirectory(Path.of("helm"))
        ? COMMAND.matcher(text).replaceAll("./helm ")
        : text;
  }

  /** Where tokens of explicit logins are kept. */
  public Path tokenFile() {
    String config = get("XDG_CONFIG_HOME");
    Path base = config.isEmpty() ? userHome.resolve(".config") : Path.of(config);
    return base.resolve("helm").resolve("token.json");
  }

  private int port() {
    String port = get("HELM_PORT");
    if (port.isEmpty()) {
      return DEFAULT_PORT;
    }
    try {
      int number = Integer.parseInt(port);
      if (number > 0 && number < 65_536) {
        return number;
      }
    } catch (NumberFormatException ignored) {
      // told below, like a number out of range
    }
    throw Failure.usage(
        "HELM_PORT is \"" + port + "\", which is no port.", "Set it to a number from 1 to 65535.");
  }

  private static boolean root() {
    return "root".equals(System.getProperty("user.name"));
  }
}
