package dev.helm.cli.launch;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Looks at the machine and the installation; changes nothing. One finding a line. */
public final class Doctor {
  private static final int WANTED_JAVA = 25;
  private static final long WANTED_BYTES = 2L << 30;

  private final Settings settings;
  private final Optional<RunState> running;

  /** Looks at what these settings would start, and at what runs in their HELM_HOME. */
  public Doctor(Settings settings) {
    this.settings = settings;
    this.running = RunState.read(settings.home().stateFile()).filter(RunState::launcherAlive);
  }

  /** All findings, in the order in which they matter. */
  public List<Finding> examine() {
    List<Finding> findings = new ArrayList<>();
    findings.add(java());
    findings.add(home());
    findings.add(disk());
    findings.add(clock());
    findings.addAll(processes());
    findings.addAll(ports());
    findings.add(engine());
    findings.add(temporal());
    findings.add(key());
    findings.add(users());
    findings.add(outgoing());
    return findings;
  }

  private Finding java() {
    int feature = Runtime.version().feature();
    String where = settings.javaHome().toString();
    return feature >= WANTED_JAVA
        ? Finding.fine("JDK", feature + " · " + where)
        : Finding.wrong("JDK", feature + " · " + where, "install a JDK 25 and set JAVA_HOME");
  }

  private Finding home() {
    Path root = settings.home().root();
    if (!Files.exists(root)) {
      return Finding.note("HELM_HOME", root + " is not there yet", "helm up makes it");
    }
    try {
      int mode = (Integer) Files.getAttribute(root, "unix:mode") & 07777;
      boolean closed = (mode & 0007) == 0;
      return closed
          ? Finding.fine("HELM_HOME", "%s · mode %o".formatted(root, mode))
          : Finding.wrong(
              "HELM_HOME",
              "%s · mode %o, open to others".formatted(root, mode),
              "chmod o= " + root);
    } catch (IOException e) {
      return Finding.wrong(
          "HELM_HOME", root + " · " + e.getMessage(), "look at its owner and mode");
    }
  }

  private Finding disk() {
    Path root = settings.home().root();
    while (!Files.exists(root) && root.getParent() != null) {
      root = root.getParent();
    }
    try {
      FileStore store = Files.getFileStore(root);
      String text = "%.1f GB free".formatted(store.getUsableSpace() / 1e9);
      return store.getUsableSpace() >= WANTED_BYTES
          ? Finding.fine("disk", text)
          : Finding.note("disk", text, "runs, images and logs want 2 GB or more");
    } catch (IOException e) {
      return Finding.wrong("disk", String.valueOf(e.getMessage()), "check the disk");
    }
  }

  private Finding clock() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    if (now.isBefore(Checks.EARLIEST)) {
      return Finding.wrong("clock", now + " is before Helm was made", "set the clock");
    }
    Path log = settings.home().root().resolve("helm.db");
    try {
      if (Files.exists(log)
          && Files.getLastModifiedTime(log).toInstant().isAfter(now.plusSeconds(300))) {
        return Finding.wrong(
            "clock", now + " is before the last event was written", "set the clock");
      }
    } catch (IOException e) {
      return Finding.fine("clock", now.toString());
    }
    return Finding.fine("clock", now.toString());
  }

  private List<Finding> processes() {
    if (running.isEmpty()) {
      return List.of(Finding.note("processes", "Helm does not run", "helm up starts it"));
    }
    List<Finding> findings = new ArrayList<>();
    for (RunState.ChildState child : running.get().children()) {
      String text = child.name() + " · pid " + child.process().pid();
      boolean alive = child.process().alive();
      if (!alive) {
        findings.add(
            Finding.wrong(
                "process",
                text + " · is being started again",
                "look at " + settings.home().log(child.name())));
      } else if (child.restarts() > 0) {
        findings.add(
            Finding.note(
                "process",
                text + " · started again, times: " + child.restarts(),
                "look at " + settings.home().log(child.name())));
      } else {
        findings.add(Finding.fine("process", text));
      }
    }
    return findings;
  }

  private List<Finding> ports() {
    if (running.isPresent()) {
      return List.of(Finding.fine("ports", "from " + running.get().port() + " · in use by Helm"));
    }
    List<Finding> findings = new ArrayList<>();
    for (Map.Entry<Integer, String> wanted : Checks.wantedPorts(settings, true).entrySet()) {
      if (PortOwner.taken(wanted.getKey())) {
        String who = PortOwner.describe(wanted.getKey()).orElse("a process that cannot be seen");
        findings.add(
            Finding.wrong(
                "port",
                wanted.getKey() + " for " + wanted.getValue() + " · taken by " + who,
                "end it, or helm up --port N"));
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("ports", "from " + settings.ports().service() + " · free"))
        : findings;
  }

  private Finding engine() {
    String host =
        running
            .map(RunState::engine)
            .filter(named -> !named.isEmpty())
            .orElseGet(
                () ->
                    settings.engine() instanceof Settings.Engine.Found(String found) ? found : "");
    if (host.isEmpty()) {
      return switch (settings.engine()) {
        case Settings.Engine.Own(Path dockerd) when running.isEmpty() ->
            Finding.fine("engine", "helm up starts " + dockerd);
        case Settings.Engine.Own own -> readOnly();
        case Settings.Engine.Found found -> readOnly();
        case Settings.Engine.None none -> readOnly();
      };
    }
    try {
      return Finding.fine("engine", new EngineApi(host).version() + " · " + host);
    } catch (IOException | IllegalArgumentException e) {
      return Finding.wrong(
          "engine", host + " · " + e.getMessage(), "start it, or unset DOCKER_HOST");
    }
  }

  private static Finding readOnly() {
    return Finding.wrong(
        "engine",
        "none · Helm is read-only and runs no tool",
        "helm up --yes installs one as root, or set DOCKER_HOST");
  }

  private Finding temporal() {
    return switch (settings.temporal()) {
      case Settings.Temporal.Existing(String address) -> existing(address);
      case Settings.Temporal.Own(Path binary) when running.isPresent() ->
          Probe.accepts(new Ports(running.get().port()).temporal())
              ? Finding.fine("Temporal", "answers · " + binary)
              : Finding.wrong(
                  "Temporal", "does not answer", "look at " + settings.home().log("temporal"));
      case Settings.Temporal.Own(Path binary) when Files.isExecutable(binary) ->
          Finding.fine("Temporal", "helm up starts " + binary);
      case Settings.Temporal.Own own ->
          Finding.note("Temporal", "not built yet", "helm up builds it once, in 5 to 10 minutes");
    };
  }

  private static Finding existing(String address) {
    String port = address.substring(address.lastIndexOf(':') + 1);
    boolean answers = !address.startsWith("127.0.0.1:") || Probe.accepts(Integer.parseInt(port));
    return answers
        ? Finding.fine("Temporal", "yours · " + address)
        : Finding.wrong(
            "Temporal", address + " does not answer", "start it, or unset TEMPORAL_ADDRESS");
  }

  private Finding key() {
    Optional<SystemUsers> users = Account.ownUid() == 0 ? SystemUsers.existing() : Optional.empty();
    return switch (KeyFile.check(settings.keyFile(), Checks.keyOwners(users.orElse(null)))) {
      case KeyFile.State.Absent absent ->
          Finding.note("model key", "none · the practice model stands in", "helm key set < FILE");
      case KeyFile.State.Usable(Path path) ->
          Finding.fine("model key", path + " · closed to others");
      case KeyFile.State.Refused(String why, String repair) ->
          Finding.wrong("model key", why, repair);
    };
  }

  private static Finding users() {
    return Account.ownUid() == 0
        ? Finding.fine("users", "service as helm, key proxy as helm-key")
        : Finding.note(
            "users",
            "all processes share your user: whoever gets hold of the service could read the key"
                + " file",
            "on a server start Helm as root, which drops to two users");
  }

  private Finding outgoing() {
    List<String> hosts = new ArrayList<>();
    if (Files.exists(settings.keyFile())) {
      hosts.add(host(settings.upstream()) + " (model)");
    }
    if (!settings.smtpUrl().isEmpty()) {
      hosts.add(host(settings.smtpUrl()) + " (mail)");
    }
    String own = hosts.isEmpty() ? "none" : String.join(", ", hosts);
    return Finding.fine("outgoing", own + " · runs: only what their blueprint's egress list names");
  }

  private static String host(String url) {
    try {
      String host = URI.create(url).getHost();
      return host == null ? "an unreadable address" : host;
    } catch (IllegalArgumentException e) {
      return "an unreadable address";
    }
  }
}
