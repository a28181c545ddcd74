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
  /** The demo's example, below the checkout. */
  static final String EXAMPLE = "examples/q1-competitor-brief";

  private static final String MARK = "# Written by helm demo at each start.";
  private static final String DOMAIN = ".demo.test";

  private DemoConfig() {}

  /** The demo's pages, below the checkout. */
  static Path site(Settings settings) {
    return settings.checkout().resolve(EXAMPLE).resolve("site");
  }

  /** The same settings, with the demo's site where HELM_HOME is a demo's. */
  static Settings served(Settings settings) {
    Path file = settings.home().root().resolve("config.yml");
    try {
      boolean demo = OwnFile.readText(file).filter(DemoConfig::marked).isPresent();
      Path site = site(settings);
      return demo && Files.isDirectory(site) ? settings.withDemoSite(site) : settings;
    } catch (IOException e) {
      return settings; // the service reads it too, and says what is wrong with it
    }
  }

  /** Writes {@code config.yml}, unless a person has put one of their own there. */
  static void write(Settings settings) throws LaunchException {
    Path site = settings.demoSite();
    Path file = settings.home().root().resolve("config.yml");
    try {
      if (site == null || !OwnFile.readText(file).map(DemoConfig::marked).orElse(true)) {
        return;
      }
      // The service's user reads it; the folder is closed to all others.
      OwnFile.write(file, text(hosts(site), settings), "rw-r--r--");
    } catch (IOException e) {
      throw new LaunchException(
          "The demo's " + file + " cannot be written: " + e.getMessage(),
          "Look at the owner of the folder.");
    }
  }

  private static boolean marked(String text) {
    return text.startsWith(MARK);
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
          "    - {host: %s%s, port: 443, protocol: tls, address: \"127.0.0.1:%d\", mirror: true}\n"
              .formatted(host, DOMAIN, settings.ports().demoSite()));
    }
    return text.append("  trust: [")
        .append(settings.home().demoAuthority().getFileName())
        .append("]\n")
        .toString();
  }
}
