package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Checks;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.PortOwner;
import dev.helm.cli.launch.Ports;
import dev.helm.cli.launch.RunState;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What runs, or would: processes, ports, Temporal, and whether the event log takes events. */
final class ProcessCheck implements Check {
  private static final int CALL_MS = 3_000;

  private final Site site;

  ProcessCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    findings.addAll(processes());
    site.running().ifPresent(state -> findings.add(log(state)));
    findings.addAll(ports());
    findings.add(temporal());
    return findings;
  }

  private List<Finding> processes() {
    Optional<RunState> running = site.running();
    if (running.isEmpty()) {
      return List.of(Finding.note("processes", "Helm does not run", "helm up starts it"));
    }
    List<Finding> findings = new ArrayList<>();
    List<String> well = new ArrayList<>();
    for (RunState.ChildState child : running.get().children()) {
      String text = child.name() + " · pid " + child.process().pid();
      String look = "look at " + site.home().log(child.name());
      if (!child.process().alive()) {
        findings.add(Finding.wrong("process", text + " · is being started again", look));
      } else if (child.restarts() > 0) {
        findings.add(
            Finding.warn("process", text + " · started again, times: " + child.restarts(), look));
      } else {
        well.add(child.name() + " " + child.process().pid());
      }
    }
    if (!well.isEmpty()) {
      findings.addFirst(Finding.fine("processes", String.join(", ", well)));
    }
    return findings;
  }

  /** Helm holds all runs while this is wrong: what cannot be recorded does not happen. */
  private Finding log(RunState state) {
    URI uri = URI.create("http://127.0.0.1:" + new Ports(state.port()).admin() + "/healthcheck");
    try {
      HttpURLConnection http = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
      http.setConnectTimeout(CALL_MS);
      http.setReadTimeout(CALL_MS);
      try (InputStream in =
          http.getResponseCode() < 400 ? http.getInputStream() : http.getErrorStream()) {
        JsonNode log = new ObjectMapper().readTree(in).path("log");
        return log.path("healthy").asBoolean(false)
            ? Finding.fine("event log", "takes events")
            : Finding.wrong(
                "event log",
                log.path("message").asText("cannot be written"),
                "until then no tool runs and no model is called; nothing is lost");
      }
    } catch (IOException e) {
      return Finding.wrong("service", "does not answer", "look at " + site.home().log("service"));
    }
  }

  private List<Finding> ports() {
    if (site.running().isPresent()) {
      int first = site.running().get().port();
      return List.of(
          Finding.fine("ports", "%d to %d on loopback · Helm's".formatted(first, first + 5)));
    }
    List<Finding> findings = new ArrayList<>();
    int service = site.settings().ports().service();
    for (Map.Entry<Integer, String> wanted : Checks.wantedPorts(site.settings(), true).entrySet()) {
      if (PortOwner.taken(wanted.getKey())) {
        String who = PortOwner.describe(wanted.getKey()).orElse("a process that cannot be seen");
        findings.add(
            Finding.wrong(
                "port",
                wanted.getKey() + " for " + wanted.getValue() + " · taken by " + who,
                "end it, or helm up --port " + (service + 100)));
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("ports", "%d to %d · free".formatted(service, service + 5)))
        : findings;
  }

  private Finding temporal() {
    return switch (site.settings().temporal()) {
      case Settings.Temporal.Existing(String address) -> existing(address);
      case Settings.Temporal.Own(Path binary) when site.running().isPresent() ->
          accepts(new Ports(site.running().get().port()).temporal())
              ? Finding.fine("Temporal", "answers · " + version(binary))
              : Finding.wrong(
                  "Temporal", "does not answer", "look at " + site.home().log("temporal"));
      case Settings.Temporal.Own(Path binary) when Files.isExecutable(binary) ->
          Finding.fine("Temporal", "helm up starts it · " + version(binary));
      case Settings.Temporal.Own own -> notBuilt();
    };
  }

  private Finding notBuilt() {
    boolean go =
        site.machine().run("go", "version").isPresent()
            || Files.isExecutable(site.machine().path("/usr/local/go/bin/go"));
    return go
        ? Finding.note("Temporal", "not built yet", "helm up builds it once, in 5 to 10 minutes")
        : Finding.wrong(
            "Temporal",
            "not built yet, and there is no Go to build it with",
            "install Go 1.26 or newer (go.dev/dl), or set TEMPORAL_ADDRESS to a server of yours");
  }

  private String version(Path binary) {
    return site.machine()
            .run(binary.toString(), "--version")
            .map(said -> said.lines().findFirst().orElse("") + " · ")
            .orElse("")
        + binary;
  }

  private static Finding existing(String address) {
    int colon = address.lastIndexOf(':');
    String port = address.substring(colon + 1);
    boolean near = address.startsWith("127.0.0.1:") || address.startsWith("localhost:");
    boolean answers = !near || port.matches("[0-9]{1,5}") && accepts(Integer.parseInt(port));
    return answers
        ? Finding.fine("Temporal", "yours · " + address)
        : Finding.wrong(
            "Temporal", address + " does not answer", "start it, or unset TEMPORAL_ADDRESS");
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), CALL_MS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
