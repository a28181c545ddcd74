package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The operator's file of the demo's own HELM_HOME: it pins the fictitious hosts to the demo's site.
 */
final class DemoConfig {
  private static final String MARK = "# Written by helm demo at each start.";
  private static final String DOMAIN = ".demo.test";

  private DemoConfig() {}

  /** Writes {@code config.yml}, unless a person has put one of their own there. */
  static void write(Settings settings) throws LaunchException {
    Path site = settings.demoSite();
    Path file = settings.home().root().resolve("config.yml");
    try {
      if (site == null || (Files.exists(file) && !Files.readString(file).startsWith(MARK))) {
        return;
      }
      Files.writeString(file, text(hosts(site), settings));
      // The service's user reads it; the folder is closed to all others.
      Files.setAttribute(file, "unix:mode", 0644);
    } catch (IOException e) {
      throw new LaunchException(
          "The demo's " + file + " cannot be written: " + e.getMessage(),
          "Look at the owner of the folder.");
    }
  }

  private static List<String> hosts(Path site) throws IOException {
    try (Stream<Path> folders = Files.list(site)) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> String.valueOf(folder.getFileName()))
          .filter(name -> name.matches("[a-z0-9-]+"))
          .sorted()
          .toList();
    }
  }

  private static String text(List<String> hosts, Settings settings) {
    StringBuilder text = new StringBuilder(MARK + "\negress:\n  targets:\n");
    for (String host : hosts) {
      text.append(
          "    - {host: %s%s, port: 443, protocol: tls, address: \"127.0.0.1:%d\"}\n"
              .formatted(host, DOMAIN, settings.ports().demoSite()));
    }
    return text.append("  trust: [")
        .append(settings.home().demoAuthority().getFileName())
        .append("]\n")
        .toString();
  }
}
