package dev.helm.cli.launch;

import dev.helm.cli.launch.ProcessSpec.Input;
import dev.helm.cli.launch.ProcessSpec.Rights;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Helm's processes as data: what each is called with, whose rights it gets, how it shows that it is
 * ready.
 *
 * @param settings what to start
 * @param users the system users; null when everything runs as the launcher's own user
 * @param app the installed jars
 */
public record Plan(Settings settings, @Nullable SystemUsers users, Path app) {
  private static final String SAFE_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  // Stands for the key while there is none; the key proxy takes no short one.
  private static final String PRACTICE_WORD = "practice-" + UUID.randomUUID();

  /** Helm's own container engine: no bridge, no firewall rules, containers outlive its death. */
  public ProcessSpec engine(Path dockerd, Path config) {
    HelmHome home = settings.home();
    String mark = Integer.toHexString(home.root().hashCode());
    Path exec = Path.of("/run/helm-" + mark);
    Path pidFile = home.run().resolve("docker.pid");
    List<Path> pidFiles = List.of(pidFile, exec.resolve("containerd/containerd.pid"));
    int group = users != null ? users.helm().gid() : ownGid();
    List<String> argv =
        List.of(
            dockerd.toString(),
            "--config-file=" + config,
            "--data-root=" + home.engine(),
            "--exec-root=" + exec,
            "--pidfile=" + pidFile,
            "--host=unix://" + home.engineSocket(),
            "--group=" + group,
            "--containerd-namespace=helm-" + mark,
            "--containerd-plugins-namespace=helm-plugins-" + mark,
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
            "--live-restore",
            "--log-level=warn");
    Rights rights = Account.ownUid() == 0 ? Rights.FULL : Rights.SUDO;
    return ProcessSpec.of("engine", argv, base(), new Readiness.Engine(home.engineSocket()))
        .withTimes(60_000, 20_000)
        .withRights(rights, rights == Rights.FULL ? pidFiles : List.of());
  }

  /** The pinned Temporal development server, tuned; temporal-dev/README.md says why. */
  public ProcessSpec temporal(Path binary) {
    List<String> argv =
        new ArrayList<>(List.of(binary.toString(), "server", "start-dev", "--headless"));
    argv.addAll(List.of("--ip", "127.0.0.1", "--port", "" + settings.ports().temporal()));
    argv.addAll(List.of("--db-filename", settings.home().temporalDb().toString()));
    argv.addAll(
        List.of("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"));
    argv.addAll(List.of("--log-level", "error", "--log-format", "json"));
    for (String value : TemporalTuning.DYNAMIC_CONFIG) {
      argv.add("--dynamic-config-value");
      argv.add(value);
    }
    return ProcessSpec.of("temporal", argv, base(), new Readiness.OutputLine("Server:"))
        .withTimes(60_000, 15_000)
        .withUser(asHelm(List.of()));
  }

  /** Stands in for the model when there is no key. */
  public ProcessSpec practice() {
    int port = settings.ports().practice();
    List<String> arguments = new ArrayList<>(List.of("--port", "" + port));
    for (Path folder : List.of(AppInstall.examples(app), settings.home().scenarios())) {
      if (Files.isDirectory(folder)) {
        arguments.addAll(List.of("--scenarios", folder.toString()));
      }
    }
    return fromServiceJar(
        "practice", "dev.helm.activities.practice.PracticeModel", arguments, port);
  }

  /** The demo's fictitious site. */
  public ProcessSpec demoSite() {
    int port = settings.ports().demoSite();
    String ca = settings.home().demoAuthority().toString();
    return fromServiceJar(
        "demosite",
        "dev.helm.activities.practice.DemoSite",
        List.of("--port", "" + port, "--dir", AppInstall.site(app).toString(), "--ca-out", ca),
        port);
  }

  /** The only process that gets the model key; with no key file it gets a word in its place. */
  public ProcessSpec keyProxy(KeyFile.State key) {
    HelmHome home = settings.home();
    boolean real = key instanceof KeyFile.State.Usable;
    String upstream =
        real ? settings.upstream() : "http://127.0.0.1:" + settings.ports().practice();
    // Both compilers: with the first alone, TLS and SHA-256 over a long request take 3 ms more.
    List<String> argv = java("-Xms16m", "-Xmx96m", "-Xmn12m", "-XX:MaxDirectMemorySize=32m");
    // Streams end young, and the old part gives back: 127 MiB at 100 streams.
    argv.add("-XX:SurvivorRatio=2");
    // Attack: another program of the same user attaches to the JVM, or makes it crash, and finds
    // the key in a heap dump, a core file or the crash report.
    argv.addAll(List.of("-XX:+DisableAttachMechanism", "-XX:ErrorFile=/dev/null"));
    argv.add("-XX:-CreateCoredumpOnCrash");
    argv.addAll(
        List.of("-jar", AppInstall.jar(app, "keyproxy").toString(), "--upstream", upstream));
    argv.addAll(List.of("--listen", "tcp:127.0.0.1:" + settings.ports().keyProxy()));
    argv.addAll(List.of("--ledger", home.ledgerSocket().toString()));
    argv.addAll(List.of("--secret-file", home.ledgerSecret().toString()));
    Input input =
        key instanceof KeyFile.State.Usable(Path path)
            ? new Input.File(path)
            : new Input.Text(PRACTICE_WORD);
    return ProcessSpec.of("keyproxy", argv, base(), new Readiness.OutputLine("ready"))
        .withInput(input)
        .withTimes(90_000, 5_000)
        .withUser(asHelmKey());
  }

  /**
   * The service.
   *
   * @param dockerHost the engine; empty makes it read-only
   * @param image the sandbox image's id; empty without an engine
   * @param socketGid group of the engine's socket; -1 when none is needed
   */
  public ProcessSpec service(String dockerHost, String image, boolean practice, int socketGid) {
    List<String> argv =
        java(
            "-Xms32m",
            "-XX:NewSize=10m",
            "-Xmx768m",
            // One without memory is ended and started anew, before threads die one by one.
            "-XX:+ExitOnOutOfMemoryError",
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED");
    // Made by the JVM itself when the service first ends in order, made anew when the jars change.
    argv.addAll(List.of("-XX:+AutoCreateSharedArchive", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"));
    // Netty's use of Unsafe would print four lines of warnings into the log at each start.
    argv.add("--sun-misc-unsafe-memory-access=allow");
    argv.add("-XX:SharedArchiveFile=" + settings.home().root().resolve("service.jsa"));
    argv.addAll(List.of("-jar", AppInstall.jar(app, "service").toString()));
    Map<String, String> env = new HashMap<>(base());
    env.put("HELM_HOME", settings.home().root().toString());
    env.put("HELM_PORT", "" + settings.ports().service());
    env.put("TEMPORAL_ADDRESS", temporalAddress());
    env.put("DOCKER_HOST", dockerHost);
    env.put("HELM_KEYPROXY", "http://127.0.0.1:" + settings.ports().keyProxy());
    env.put("HELM_PRACTICE", "" + practice);
    env.put("HELM_IMAGE", image);
    env.put("HELM_SMTP_URL", settings.smtpUrl());
    System.getenv().forEach((name, value) -> forPackages(name, value, env));
    URI health = URI.create("http://127.0.0.1:" + settings.ports().service() + "/api/health");
    return ProcessSpec.of("service", argv, env, new Readiness.HttpOk(health))
        .withTimes(120_000, 30_000)
        .withUser(asHelm(socketGid < 0 ? List.of() : List.of(socketGid)));
  }

  /** Where Temporal answers, ours or another. */
  public String temporalAddress() {
    return switch (settings.temporal()) {
      case Settings.Temporal.Existing(String address) -> address;
      case Settings.Temporal.Own own -> "127.0.0.1:" + settings.ports().temporal();
    };
  }

  private ProcessSpec fromServiceJar(String name, String main, List<String> arguments, int port) {
    List<String> argv = java("-Xms8m", "-Xmx128m", "-XX:TieredStopAtLevel=1");
    argv.addAll(List.of("-cp", AppInstall.jar(app, "service").toString(), main));
    argv.addAll(arguments);
    return ProcessSpec.of(name, argv, base(), new Readiness.TcpPort(port))
        .withTimes(60_000, 5_000)
        .withUser(asHelm(List.of()));
  }

  private List<String> java(String... flags) {
    List<String> argv = new ArrayList<>();
    argv.add(settings.javaHome().resolve("bin/java").toString());
    argv.addAll(List.of("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData"));
    // Memory that is idle goes back to the machine.
    argv.addAll(
        List.of(
            "-XX:+UseCompactObjectHeaders",
            "-XX:MinHeapFreeRatio=10",
            "-XX:MaxHeapFreeRatio=20",
            "-XX:-ShrinkHeapInSteps",
            "-XX:TrimNativeHeapInterval=5000"));
    argv.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Dfile.encoding=UTF-8"));
    argv.addAll(List.of(flags));
    return argv;
  }

  private Map<String, String> base() {
    // USER: Go programs ask for the user's name, which a number without an entry does not have.
    String home = settings.home().root().toString();
    return Map.of(
        "PATH",
        SAFE_PATH,
        "LANG",
        "C.UTF-8",
        "HOME",
        home,
        "USER",
        SystemUsers.HELM,
        // An arena for each thread would keep 30 to 60 MB of the service idle.
        "MALLOC_ARENA_MAX",
        "2");
  }

  /** How this machine reaches npm's and PyPI's registries; the service makes images of packages. */
  static void forPackages(String name, String value, Map<String, String> env) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("npm_config_")
        || lower.startsWith("pip_")
        || lower.endsWith("_proxy")
        || List.of("node_extra_ca_certs", "ssl_cert_file", "requests_ca_bundle").contains(lower)) {
      env.put(name, value);
    }
  }

  private @Nullable RunAs asHelm(List<Integer> more) {
    if (users == null) {
      return null;
    }
    // The shared folders of HELM_HOME belong to the group helm-key; see HomePreparation.
    List<Integer> groups = new ArrayList<>(List.of(users.helmKey().gid()));
    groups.addAll(more);
    return new RunAs(users.helm().uid(), users.helm().gid(), groups);
  }

  private @Nullable RunAs asHelmKey() {
    return users == null
        ? null
        : new RunAs(users.helmKey().uid(), users.helmKey().gid(), List.of());
  }

  private int ownGid() {
    return Account.gidOf(settings.home().root()).orElse(0);
  }
}
