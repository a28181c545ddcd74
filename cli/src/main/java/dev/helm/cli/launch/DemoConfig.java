package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The operator's file of the demo's own HELM_HOME: it pins the fictitious hosts to the demo's site.
 */
final class DemoConfig {
  /** The demo's example, below the checkout. */
  static final String EXAMPLE = "examples/q1-competitor-brief";

  private static final String MARK = "# Written by helm demo at each start.";
  private static final String STATUS = "status";
  private static final String REPOSITORY = "api.git";
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
  static void write(Settings settings, @Nullable SystemUsers users) throws LaunchException {
    Path site = settings.demoSite();
    Path file = settings.home().root().resolve("config.yml");
    try {
      if (site == null || !OwnFile.readText(file).map(DemoConfig::marked).orElse(true)) {
        return;
      }
      // The service's user reads it; the folder is closed to all others.
      OwnFile.write(file, text(hosts(settings, site), settings), "rw-r--r--");
      publishing(settings.home().root(), users);
    } catch (IOException e) {
      throw new LaunchException(
          "The demo's " + file + " cannot be written: " + e.getMessage(),
          "Look at the owner of the folder.");
    }
  }

  private static boolean marked(String text) {
    return text.startsWith(MARK);
  }

  /** Names of the examples that the practice model plays; empty without a checkout. */
  static List<String> examples(Path checkout) {
    Path folder = checkout.resolve("examples");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try {
      return names(folder).stream()
          .filter(name -> Files.exists(folder.resolve(name).resolve("scenario.yaml")))
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Folders of hosts that examples bring beside the demo's own site. */
  static List<Path> otherSites(Settings settings) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String example : examples(settings.checkout())) {
      Path site = settings.checkout().resolve("examples").resolve(example).resolve("site");
      if (Files.isDirectory(site) && !site.equals(site(settings))) {
        found.add(site);
      }
    }
    return found;
  }

  private static Set<String> hosts(Settings settings, Path site) throws IOException {
    Set<String> hosts = new TreeSet<>(names(site));
    for (Path other : otherSites(settings)) {
      hosts.addAll(names(other));
    }
    return hosts;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> folders = Files.list(folder)) {
      return folders
          .filter(Files::isDirectory)
          .map(each -> String.valueOf(each.getFileName()))
          .filter(name -> name.matches("[a-z0-9-]+"))
          .sorted()
          .toList();
    }
  }

  /**
   * Makes the folder and the empty git repository that the examples publish to. Where one of this
   * name is, it is left as it is.
   */
  // Attack: helm plants a link, and root gives away what it leads to. Safeguard: all is made in a
  // fresh folder and renamed.
  private static void publishing(Path root, @Nullable SystemUsers users) throws IOException {
    Path published = published(root);
    if (Files.exists(published, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Path fresh = Files.createTempDirectory(root, ".published");
    Path git = fresh.resolve(REPOSITORY);
    for (String folder : List.of("objects/info", "objects/pack", "refs/heads", "refs/tags")) {
      Files.createDirectories(git.resolve(folder));
    }
    Files.writeString(git.resolve("HEAD"), "ref: refs/heads/main\n");
    Files.writeString(
        git.resolve("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
    Files.createDirectory(fresh.resolve(STATUS));
    if (users != null) {
      try (Stream<Path> all = Files.walk(fresh)) {
        for (Path path : all.toList()) {
          Files.setAttribute(path, "unix:uid", users.helm().uid(), LinkOption.NOFOLLOW_LINKS);
          Files.setAttribute(path, "unix:gid", users.helm().gid(), LinkOption.NOFOLLOW_LINKS);
        }
      }
    }
    Files.move(fresh, published, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Path published(Path root) {
    return root.resolve("published");
  }

  private static String text(Set<String> hosts, Settings settings) {
    StringBuilder text = new StringBuilder(MARK + "\negress:\n  targets:\n");
    for (String host : hosts) {
      text.append(
          "    - {host: %s%s, port: 443, protocol: tls, address: \"127.0.0.1:%d\", mirror: true}\n"
              .formatted(host, DOMAIN, settings.ports().demoSite()));
    }
    text.append(
        "    - {host: db.internal, port: 5432, protocol: tcp, address: \"127.0.0.1:5432\"}\n");
    Path published = published(settings.home().root());
    return text.append("  trust: [")
        .append(settings.home().demoAuthority().getFileName())
        .append("]\npublish:\n  status: {folder: \"")
        .append(published.resolve(STATUS))
        .append("\"}\n  api-repo: {git: \"file://")
        .append(published.resolve(REPOSITORY))
        .append("\", branch: jwt-migration}\n")
        .toString();
  }
}
