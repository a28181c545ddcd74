package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What must hold before anything is started; each failure names its cause and its repair. */
public final class Checks {
  /** No clock that is right shows an earlier time than this program's release. */
  public static final Instant EARLIEST = Instant.parse("2026-01-01T00:00:00Z");

  private Checks() {}

  static void platform() throws LaunchException {
    String os = System.getProperty("os.name", "");
    if (!os.equals("Linux")) {
      throw new LaunchException(
          "Helm's backend runs on Linux, and this is " + os + ".",
          "Run it in a Linux virtual machine; the terminal commands work here with HELM_URL.");
    }
    if (Account.ownUid() == 0 && !ProcessSpec.hasSetpriv()) {
      throw new LaunchException(
          "/usr/bin/setpriv is missing, so root's rights could not be dropped.",
          "Install it: apt-get install util-linux");
    }
  }

  static KeyFile.State key(Settings settings, @Nullable SystemUsers users) throws LaunchException {
    KeyFile.State state = KeyFile.check(settings.keyFile(), keyOwners(users));
    if (state instanceof KeyFile.State.Refused(String why, String repair)) {
      throw new LaunchException(why, repair);
    }
    return state;
  }

  /** Who may own the key file. */
  public static Set<Integer> keyOwners(@Nullable SystemUsers users) {
    Set<Integer> owners = new TreeSet<>(Set.of(Account.ownUid()));
    if (users != null) {
      owners.add(users.helmKey().uid());
    }
    return owners;
  }

  static void clock() throws LaunchException {
    if (Instant.now().isBefore(EARLIEST)) {
      throw new LaunchException(
          "The clock shows " + Instant.now() + ", which is before Helm was made.",
          "Set the clock: events, tokens and permissions carry its time.");
    }
  }

  /** The ports that these settings need, by what they are for. */
  public static Map<Integer, String> wantedPorts(Settings settings, boolean practice) {
    Ports ports = settings.ports();
    Map<Integer, String> wanted = new LinkedHashMap<>();
    wanted.put(ports.service(), "the service");
    wanted.put(ports.admin(), "metrics");
    if (settings.temporal() instanceof Settings.Temporal.Own) {
      wanted.put(ports.temporal(), "Temporal");
    }
    if (practice) {
      wanted.put(ports.practice(), "the practice model");
    }
    wanted.put(ports.keyProxy(), "the key proxy");
    if (settings.demoSite() != null) {
      wanted.put(ports.demoSite(), "the demo's site");
    }
    return wanted;
  }

  /** What can be told before a new HELM_HOME is made; a failed start then leaves none behind. */
  static void beforeNewHome(Settings settings) throws LaunchException {
    if (!Files.exists(settings.home().root())) {
      platform();
      clock();
      ports(settings, !Files.exists(settings.keyFile()));
    }
  }

  static void ports(Settings settings, boolean practice) throws LaunchException {
    for (var wanted : wantedPorts(settings, practice).entrySet()) {
      if (PortOwner.taken(wanted.getKey())) {
        Optional<Path> other = PortOwner.helm(wanted.getKey());
        if (other.isPresent()) {
          throw new LaunchException(
              "Port %d, for %s, is taken by the Helm in %s."
                  .formatted(wanted.getKey(), wanted.getValue(), other.get()),
              "End that one: HELM_HOME=%s helm down; or use six other ports: helm up --port %d"
                  .formatted(other.get(), settings.ports().service() + 100));
        }
        throw new LaunchException(
            "Port %d, for %s, is taken by %s."
                .formatted(
                    wanted.getKey(),
                    wanted.getValue(),
                    PortOwner.describe(wanted.getKey()).orElse("a process that cannot be seen")),
            "End that process, or let Helm use six other ports: helm up --port "
                + (settings.ports().service() + 100));
      }
    }
  }

  /** Another user must be able to pass the folders above HELM_HOME, and to read the JDK. */
  static void reachableFor(SystemUsers users, Settings settings) throws LaunchException {
    List<Path> closed = HomePreparation.closedAbove(settings.home().root());
    if (!closed.isEmpty()) {
      throw new LaunchException(
          "User %s cannot reach HELM_HOME %s: %s is closed to others."
              .formatted(users.helm().name(), settings.home().root(), closed.getFirst()),
          "Name a HELM_HOME elsewhere, such as /var/lib/helm, with --home.");
    }
    if (!HomePreparation.closedAbove(realPath(settings.javaHome()).resolve("bin/java")).isEmpty()) {
      throw new LaunchException(
          "User %s cannot run the JDK in %s, because a folder above it is closed to others."
              .formatted(users.helm().name(), settings.javaHome()),
          "Install a JDK 25 for everyone, such as below /usr/lib/jvm, and set JAVA_HOME to it.");
    }
  }

  static String engineAnswers(String host, Progress progress) {
    try {
      progress.done("engine · found · " + new EngineApi(host).version() + " · " + host);
      return host;
    } catch (IOException | IllegalArgumentException e) {
      progress.held("engine · " + host + " does not answer · read-only: no tool runs");
      return "";
    }
  }

  private static Path realPath(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path;
    }
  }
}
