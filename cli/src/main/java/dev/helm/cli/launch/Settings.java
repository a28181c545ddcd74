package dev.helm.cli.launch;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code helm up} is to start, from the environment and the command line. The launcher script
 * sets the members that name files and the engine.
 *
 * @param home all state
 * @param ports the loopback ports
 * @param engine where tools run
 * @param temporal where runs are kept durable
 * @param keyFile the model key's place
 * @param upstream where model calls go
 * @param smtpUrl mail relay; empty for none
 * @param checkout root of the built checkout
 * @param build names what was built; another build is installed anew
 * @param launcher the script, which builds the sandbox image; null when Java was started without it
 * @param javaHome the JDK that runs the processes
 * @param demoSite folder of the demo's fictitious site, one folder a host; null serves none
 */
public record Settings(
    HelmHome home,
    Ports ports,
    Engine engine,
    Temporal temporal,
    Path keyFile,
    String upstream,
    String smtpUrl,
    Path checkout,
    String build,
    @Nullable Path launcher,
    Path javaHome,
    @Nullable Path demoSite) {
  private static final String ANTHROPIC = "https://api.anthropic.com";

  /** The container engine. */
  public sealed interface Engine {
    /** None: Helm is read-only. */
    record None() implements Engine {}

    /** One that is there; it is never stopped. */
    record Found(String dockerHost) implements Engine {}

    /** Helm's own: this program is started and supervised. */
    record Own(Path dockerd) implements Engine {}
  }

  /** The Temporal server. */
  public sealed interface Temporal {
    /** One that is there. */
    record Existing(String address) implements Temporal {}

    /** The development server: this program is started and supervised. */
    record Own(Path binary) implements Temporal {}
  }

  /**
   * Reads the environment.
   *
   * @param env the launcher's environment
   * @param home overrides HELM_HOME when given
   * @param port overrides HELM_PORT when given
   * @throws LaunchException when a value is unusable; the message names it
   */
  public static Settings read(Map<String, String> env, @Nullable Path home, @Nullable Integer port)
      throws LaunchException {
    try {
      HelmHome place = new HelmHome(home != null ? home.toAbsolutePath() : homeOf(env));
      return new Settings(
          place,
          new Ports(port != null ? port : portOf(env)),
          engineOf(env),
          temporalOf(env),
          Path.of(text(env, "HELM_MODEL_KEY_FILE", place.modelKey().toString())).toAbsolutePath(),
          text(env, "HELM_MODEL_UPSTREAM", ANTHROPIC),
          text(env, "HELM_SMTP_URL", ""),
          Path.of(text(env, "HELM_CHECKOUT", ".")).toAbsolutePath().normalize(),
          text(env, "HELM_BUILD", "unknown"),
          env.containsKey("HELM_LAUNCHER") ? Path.of(text(env, "HELM_LAUNCHER", "")) : null,
          Path.of(text(env, "HELM_JAVA_HOME", System.getProperty("java.home", ""))),
          null);
    } catch (IllegalArgumentException e) {
      throw new LaunchException(
          String.valueOf(e.getMessage()), "Correct the option or the environment variable.");
    }
  }

  /** The same with the demo's site, served from a copy of this folder. */
  public Settings withDemoSite(Path folder) {
    return new Settings(
        home, ports, engine, temporal, keyFile, upstream, smtpUrl, checkout, build, launcher,
        javaHome, folder);
  }

  /** HELM_HOME, else /var/lib/helm for root, else ~/.helm. */
  public static Path homeOf(Map<String, String> env) {
    String named = text(env, "HELM_HOME", "");
    if (!named.isEmpty()) {
      return Path.of(named).toAbsolutePath();
    }
    return Account.ownUid() == 0
        ? Path.of("/var/lib/helm")
        : Path.of(text(env, "HOME", System.getProperty("user.home", "/")), ".helm");
  }

  /** HELM_PORT, else {@link Ports#STANDARD}. */
  public static int portOf(Map<String, String> env) {
    String named = text(env, "HELM_PORT", "");
    try {
      return named.isEmpty() ? Ports.STANDARD : Integer.parseInt(named);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("HELM_PORT must be a number, not '" + named + "'", e);
    }
  }

  private static Engine engineOf(Map<String, String> env) {
    String word = text(env, "HELM_ENGINE", text(env, "DOCKER_HOST", "none"));
    return switch (word) {
      case "none" -> new Engine.None();
      case "own" -> new Engine.Own(Path.of(text(env, "HELM_DOCKERD", "/usr/bin/dockerd")));
      default -> new Engine.Found(word);
    };
  }

  private static Temporal temporalOf(Map<String, String> env) {
    String address = text(env, "TEMPORAL_ADDRESS", "");
    return address.isEmpty()
        ? new Temporal.Own(Path.of(text(env, "HELM_TEMPORAL_BIN", "temporal")))
        : new Temporal.Existing(address);
  }

  private static String text(Map<String, String> env, String name, String otherwise) {
    String value = env.get(name);
    return value == null || value.isBlank() ? otherwise : value.strip();
  }
}
