package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.cli.launch.EngineApi;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** The container engine: whether it answers, and whether it is one that Helm may rely on. */
final class EngineCheck implements Check {
  private final Site site;

  EngineCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    String host = site.engine();
    if (host.isEmpty()) {
      List<Finding> findings = new ArrayList<>();
      findings.add(none());
      findings.addAll(escapes(List.of()));
      return findings;
    }
    try {
      EngineApi api = new EngineApi(host);
      JsonNode version = api.json("/version");
      List<Finding> findings = new ArrayList<>();
      findings.add(
          Finding.fine(
              "engine",
              "%s · API %s · %s"
                  .formatted(
                      version.path("Version").asText("unknown"),
                      version.path("ApiVersion").asText("unknown"),
                      host)));
      findings.addAll(door(host));
      findings.addAll(info(api.json("/info")));
      findings.addAll(escapes(parts(version)));
      return findings;
    } catch (IOException | IllegalArgumentException e) {
      List<Finding> findings = new ArrayList<>();
      findings.add(silent(host, String.valueOf(e.getMessage())));
      findings.addAll(escapes(List.of()));
      return findings;
    }
  }

  private static Finding silent(String host, String why) {
    return why.contains("Permission denied")
        ? Finding.wrong(
            "engine",
            host + " · you may not speak to it",
            "sudo usermod -aG docker $USER and log in again (whoever may is root), or start Helm as"
                + " root")
        : Finding.wrong("engine", host + " · " + why, "start it, or unset DOCKER_HOST");
  }

  private Finding none() {
    return switch (site.settings().engine()) {
      case Settings.Engine.Own(Path dockerd) when site.running().isEmpty() ->
          Finding.fine("engine", "helm up starts " + dockerd);
      case Settings.Engine.Own own -> readOnly();
      case Settings.Engine.Found found -> readOnly();
      case Settings.Engine.None none -> readOnly();
    };
  }

  private static Finding readOnly() {
    return Finding.wrong(
        "engine",
        "none · Helm is read-only and runs no tool",
        "helm up --yes installs one as root, or set DOCKER_HOST");
  }

  // Attack: speak to the engine, which is root to whoever reaches it.
  private List<Finding> door(String host) {
    URI uri = URI.create(host);
    if (!"unix".equals(uri.getScheme())) {
      boolean near = List.of("127.0.0.1", "localhost", "::1").contains(uri.getHost());
      return List.of(
          Finding.wrong(
              "engine's door",
              "TCP without proof of who calls"
                  + (near ? ": every program of this machine is root" : " over the network"),
              "let dockerd listen on a unix socket only, and set DOCKER_HOST=unix:///…"));
    }
    try {
      Path socket = Path.of(uri.getPath());
      int mode = (Integer) Files.getAttribute(socket, "unix:mode") & 0777;
      String text = "%s · mode %o".formatted(socket, mode);
      return List.of(
          (mode & 0002) == 0
              ? Finding.fine("engine's door", text + " · whoever can write it is root")
              : Finding.wrong(
                  "engine's door",
                  text + ", open to everyone: all are root",
                  "chmod o= " + socket));
    } catch (IOException | UnsupportedOperationException e) {
      return List.of(Finding.warn("engine's door", host + " cannot be looked at", "run as root"));
    }
  }

  static List<Finding> info(JsonNode info) {
    List<Finding> findings = new ArrayList<>();
    List<String> options = new ArrayList<>();
    info.path("SecurityOptions").forEach(option -> options.add(option.asText()));
    if (options.stream().anyMatch(option -> option.startsWith("name=rootless"))) {
      findings.add(
          Finding.wrong(
              "rootless engine",
              "not supported yet: Helm's users, limits and rules need one that root runs",
              "start dockerd as root, or let helm up start its own"));
    }
    boolean filtered =
        options.stream()
            .anyMatch(o -> o.startsWith("name=seccomp") && !o.contains("profile=unconfined"));
    findings.add(
        filtered
            ? Finding.fine("engine's seccomp", "on")
            : Finding.wrong(
                "engine's seccomp",
                "off: agents may make every system call",
                "use an engine built with seccomp, without seccomp-profile=unconfined"));
    String runtime = info.path("DefaultRuntime").asText("unknown");
    findings.add(
        runtime.equals("runc")
            ? Finding.fine(
                "runtime",
                "runc · cgroup v%s · %s"
                    .formatted(
                        info.path("CgroupVersion").asText("1"), info.path("Driver").asText("?")))
            : Finding.wrong(
                "runtime",
                runtime + " is not supported yet",
                "make runc the default-runtime in daemon.json"));
    for (String limit : List.of("MemoryLimit", "PidsLimit", "CpuCfsQuota", "SwapLimit")) {
      if (info.has(limit) && !info.path(limit).asBoolean()) {
        findings.add(
            limit.equals("SwapLimit")
                ? Finding.note(
                    "limits",
                    "the kernel does not bound swap, so a run may use more than its memory",
                    "boot with swapaccount=1, or have no swap")
                : Finding.wrong(
                    "limits", "the engine has no " + limit, "mount the cgroup that it needs"));
      }
    }
    return findings;
  }

  private static List<EscapeCheck.Part> parts(JsonNode version) {
    List<EscapeCheck.Part> parts = new ArrayList<>();
    String engine = version.path("Version").asText();
    parts.add(new EscapeCheck.Part("engine", engine, version.path("GitCommit").asText()));
    for (JsonNode component : version.path("Components")) {
      String name = component.path("Name").asText();
      if (name.equals("containerd") || name.equals("runc")) {
        parts.add(
            new EscapeCheck.Part(
                name,
                component.path("Version").asText(),
                component.path("Details").path("GitCommit").asText()));
      }
    }
    return parts;
  }

  private List<Finding> escapes(List<EscapeCheck.Part> engine) {
    List<EscapeCheck.Part> parts = new ArrayList<>(engine.isEmpty() ? installed() : engine);
    parts.add(new EscapeCheck.Part("kernel", SystemCheck.kernelVersion(site.machine()), ""));
    return new EscapeCheck(site, Escapes.read(), parts, LocalDate.now()).look();
  }

  /** Of an engine that is there and does not run, the packages tell. */
  private List<EscapeCheck.Part> installed() {
    List<EscapeCheck.Part> parts = new ArrayList<>();
    for (String name : List.of("docker.io", "containerd", "runc")) {
      site.machine()
          .run("dpkg-query", "-W", "-f", "${Version}", name)
          .filter(version -> !version.isEmpty())
          .ifPresent(
              version ->
                  parts.add(
                      new EscapeCheck.Part(
                          name.equals("docker.io") ? "engine" : name, version, version)));
    }
    return parts;
  }
}
