package dev.helm.activities.probes;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.helm.activities.sandbox.DockerSandbox;
import dev.helm.activities.sandbox.SandboxSettings;
import dev.helm.activities.sandbox.WaitingRuns;
import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A Helm home on a real engine, and what the host has besides: canaries and a disk. */
final class Machine implements AutoCloseable {
  /** On every container that the probes make, with the installation's name. */
  static final String LABEL = "dev.helm.installation";

  private static final List<String> SCRIPTS =
      List.of(
          "probe.py",
          "kit.py",
          "mounts.py",
          "processes.py",
          "kernel.py",
          "network.py",
          "resources.py",
          "workspace.py",
          "holder.py",
          "neighbour.py");

  final Path base;
  final Path home;
  final SandboxSettings settings;
  final ProbeDisks disks;
  final Workspaces workspaces;
  final DockerSandbox sandbox;
  final DockerClient engine;
  final Canaries canaries;
  final HostDisk disk;
  final String secret = "HELMCANARY" + UUID.randomUUID().toString().replace("-", "");

  private Machine(String engineHost, String image) throws IOException {
    base = Files.createTempDirectory("hp");
    home = Files.createDirectory(base.resolve("h"));
    Path host = Files.createDirectory(base.resolve("host"));
    // What lies beside Helm's home; its own mode lets anyone in.
    for (Path open : List.of(base, host)) {
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Files.writeString(canaryFile(), secret);
    settings =
        new SandboxSettings(
            home,
            "probe-" + base.getFileName(),
            URI.create(engineHost),
            image,
            Workspaces.defaultOwnerUid(),
            0,
            8,
            List.of());
    disks = new ProbeDisks(home, settings.ownerUid());
    workspaces =
        new Workspaces(
            home,
            settings.ownerUid(),
            disks,
            WorkspaceLimits.ofConfig(ProbeDisks.MIB, ProbeDisks.FILES));
    engine = client(engineHost);
    sandbox =
        DockerSandbox.start(settings, new MemorySlots(), workspaces, List.of(), WaitingRuns.NONE);
    canaries = new Canaries(secret);
    disk = HostDisk.find(base);
  }

  /** Skips the tests where the machine has not what they need; in CI that is a failure. */
  static Machine open() throws IOException {
    Map<String, String> environment = System.getenv();
    String host = environment.getOrDefault("HELM_TEST_DOCKER_HOST", "");
    String image = environment.getOrDefault("HELM_TEST_IMAGE", "");
    if (host.isEmpty() || image.isEmpty() || Workspaces.serviceUid() != 0) {
      String why = "needs root, HELM_TEST_DOCKER_HOST (unix:///…) and HELM_TEST_IMAGE (sha256:…)";
      if ("true".equals(environment.get("CI"))) {
        fail(why);
      }
      abort(why);
    }
    return new Machine(host, image);
  }

  private static DockerClient client(String host) {
    return DockerClientImpl.getInstance(
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(host)
            .withDockerTlsVerify(false)
            .build(),
        new ZerodepDockerHttpClient.Builder()
            .dockerHost(URI.create(host))
            .responseTimeout(Duration.ofSeconds(120))
            .build());
  }

  Path canaryFile() {
    return base.resolve("host/canary.txt");
  }

  Path engineSocket() {
    return Path.of(settings.engine().getPath());
  }

  /** A run's workspace before a slot has it, with the probes in it. */
  Path workspace(String run) throws IOException {
    Path workspace = Files.createDirectories(home.resolve("workspaces").resolve(run));
    layScripts(workspace);
    return workspace;
  }

  /** What a slot's container sees as /slot. */
  Path box(String slot) {
    return home.resolve("boxes").resolve(slot);
  }

  void layScripts(Path workspace) throws IOException {
    for (String script : SCRIPTS) {
      try (InputStream in = Machine.class.getResourceAsStream("/probes/" + script)) {
        if (in == null) {
          throw new IOException("no resource probes/" + script);
        }
        Files.copy(in, workspace.resolve(script));
      }
    }
  }

  /** What the engine and the kernel say of a container, for a message. */
  String stateOf(String container) {
    try {
      InspectContainerResponse.ContainerState state =
          engine.inspectContainerCmd(container).exec().getState();
      return "its container is "
          + state.getStatus()
          + ", OOM killed "
          + state.getOOMKilled()
          + ", exit code "
          + state.getExitCodeLong()
          + ", "
          + Cgroups.memoryEvents(state.getPidLong());
    } catch (RuntimeException e) {
      return "its container cannot be looked at: " + e;
    }
  }

  void remove(String container) {
    try {
      engine.removeContainerCmd(container).withForce(true).withRemoveVolumes(true).exec();
    } catch (NotFoundException e) {
      // It is gone already.
    }
  }

  /** Whatever happened before: nothing is left of the probes on this machine. */
  @Override
  public void close() throws Exception {
    sandbox.close();
    canaries.close();
    for (Container left :
        engine
            .listContainersCmd()
            .withShowAll(true)
            .withLabelFilter(Map.of(LABEL, settings.installation()))
            .exec()) {
      remove(left.getId());
    }
    engine.close();
    disks.close();
    disk.close();
    // rm copes with what probes leave behind: depth, names, modes.
    Shell.run("/bin/rm", "-rf", "--one-file-system", base.toString());
  }
}
