package dev.helm.activities.probes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.helm.activities.sandbox.DockerSandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.SandboxSettings;
import dev.helm.activities.sandbox.Workspaces;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * All that probes need: a Helm home on a real engine with an attacker's slot and a neighbour's,
 * fixtures that lack a safeguard, and canaries.
 */
final class Lab implements AutoCloseable {
  static final String LABEL = "dev.helm.probe";
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
  private static final int SHM_KEY = 0x48454c4d;

  /** Small, so that what exceeds it does not weigh on the machine. */
  static final SandboxLimits SMALL = new SandboxLimits(192L << 20, 300, 64);

  private final Path base;
  private final Path home;
  private final Path host;
  private final SandboxSettings settings;
  private final Workspaces workspaces;
  private final DockerSandbox sandbox;
  private final DockerClient engine;
  private final Canaries canaries;
  private final String secret = "HELMCANARY" + UUID.randomUUID().toString().replace("-", "");
  private final List<String> containers = new ArrayList<>();
  private final Map<Lacking, Fixture> fixtures = new EnumMap<>(Lacking.class);
  private final Map<String, Object> given = new HashMap<>();
  private final Fixture holder;
  private final Neighbour neighbour;
  private final SlotBox attacker;
  private final SlotBox glutton;
  private final int decoyPid;
  private final HostDisk disk;
  private int fixtureNumber;

  private Lab(String engineHost, String image) throws Exception {
    base = Files.createTempDirectory("hp");
    home = Files.createDirectory(base.resolve("h"));
    // What the attacker must not reach of the host. Its own mode lets anyone in.
    host = Files.createDirectory(base.resolve("host"));
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
    workspaces = new Workspaces(home, settings.ownerUid());
    engine = client(engineHost);
    sandbox = DockerSandbox.start(settings, new MemorySlots(), workspaces, List.of());
    canaries = new Canaries(secret);
    disk = HostDisk.find(base);
    neighbour = new Neighbour(this);
    holder = freshFixture(Lacking.HOLDER);
    awaitReady(holder);
    decoyPid = decoy();
    String abstractName = "helm-" + base.getFileName();
    Fixture onHost = fixture(Lacking.NETWORK_NAMESPACE);
    onHost.leave("/usr/bin/python3", "/workspace/holder.py", "abstract", abstractName);
    awaitReady(onHost);
    attacker = prepared(SandboxLimits.DEFAULT);
    glutton = prepared(SMALL);
    fill(abstractName);
    plant(attacker.workspace(), Lacking.RANK, Lacking.NO_NEW_PRIVILEGES);
  }

  static Lab open() throws Exception {
    Map<String, String> environment = System.getenv();
    String host = environment.getOrDefault("HELM_TEST_DOCKER_HOST", "");
    String image = environment.getOrDefault("HELM_TEST_IMAGE", "");
    boolean root = Workspaces.serviceUid() == 0;
    if (host.isEmpty() || image.isEmpty() || !root) {
      String why = "needs root, HELM_TEST_DOCKER_HOST (unix:///…) and HELM_TEST_IMAGE (sha256:…)";
      if ("true".equals(environment.get("CI"))) {
        fail(why);
      }
      abort(why);
    }
    return new Lab(host, image);
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

  private void fill(String abstractName) throws IOException {
    given.put("begins", "HELMCANARY");
    given.put("canary", canaryFile().toString());
    given.put("home", home.toString());
    given.put("hostPid", ProcessHandle.current().pid());
    given.put("hostPidNamespace", inode(Path.of("/proc/self/ns/pid")));
    given.put("neighbourPid", neighbour.pid());
    given.put("neighbourPort", neighbour.port());
    given.put("neighbourSocket", neighbour.socket().toString());
    given.put("neighbourFile", neighbour.file().toString());
    given.put("decoyPid", decoyPid);
    given.put("hostAddresses", Canaries.addresses());
    given.put("canaryPort", canaries.port());
    given.put("canaryUdpPort", canaries.udpPort());
    given.put("engineSocket", engineSocket().toString());
    given.put("abstract", abstractName);
    given.put("shmKey", SHM_KEY);
    given.put("diskMajor", disk.major());
    given.put("diskMinor", disk.minor());
    given.put("plantedNode", "/workspace/planted/node");
    given.put("plantedSetuid", "/workspace/planted/shell");
    given.put("plantedCapable", "/workspace/planted/capable");
  }

  /** Leaves in workspaces what only root can make: a shell, a capable file, a node of the disk. */
  private void plant(Path slot, Lacking... controls) throws Exception {
    Fixture source = fixture(Lacking.RANK);
    source.prepare(
        """
        mkdir /workspace/planted && cd /workspace/planted && cp /bin/bash shell && cp /bin/cat capable
        chmod 4755 shell && mknod -m 666 node b %s %s
        python3 -c 'import os, struct
        os.setxattr("capable", "security.capability", struct.pack("<IIIII", 0x02000001, 1, 0, 0, 0))'
        """
            .formatted(given.get("diskMajor"), given.get("diskMinor")));
    Path planted = source.workspace().resolve("planted");
    List<Path> places = new ArrayList<>(List.of(slot));
    for (Lacking control : controls) {
      if (control != Lacking.RANK) {
        places.add(fixture(control).workspace());
      }
    }
    for (Path place : places) {
      Process copy =
          new ProcessBuilder("/bin/cp", "-a", planted.toString(), place.toString())
              .inheritIO()
              .start();
      assertThat(copy.waitFor()).isZero();
    }
  }

  SlotBox prepared(SandboxLimits limits) throws IOException {
    SlotBox box = new SlotBox(this, limits);
    layScripts(workspaces.create(box.run()));
    box.slot();
    return box;
  }

  private int decoy() throws Exception {
    holder.prepare("chmod 711 /workspace /slot");
    holder.leaveAs(uid(), "/bin/sleep", "98765");
    for (int i = 0; i < 200; i++) {
      int pid = Processes.find(holder.container(), "98765");
      if (pid > 0) {
        return pid;
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    throw new AssertionError("the decoy did not start");
  }

  private static void awaitReady(Fixture fixture) throws Exception {
    for (int i = 0; i < 500; i++) {
      if (heard(fixture).contains("ready")) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    throw new AssertionError("a holder did not start in 10 s");
  }

  private static String heard(Fixture fixture) throws IOException {
    Path file = fixture.workspace().resolve("heard");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  String holderHeard() throws IOException {
    return heard(holder);
  }

  /** A fixture of this kind, the same one again. */
  synchronized Fixture fixture(Lacking lacking) throws Exception {
    Fixture known = fixtures.get(lacking);
    if (known == null) {
      known = freshFixture(lacking);
      fixtures.put(lacking, known);
    }
    return known;
  }

  /** A fixture that nobody else uses. */
  synchronized Fixture freshFixture(Lacking lacking) throws Exception {
    Path place = home.resolve("fixtures").resolve(lacking.name() + fixtureNumber++);
    Path workspace = place.resolve("box/workspace");
    Files.createDirectories(workspace);
    Files.createDirectories(place.resolve("sock"));
    Files.writeString(place.resolve("sock/ca.pem"), "trust\n");
    Files.writeString(place.resolve("sock/x.sock"), "");
    for (Path path : List.of(place.resolve("box"), workspace, place.resolve("sock"))) {
      Files.setAttribute(path, "unix:uid", lacking.root() ? 0 : uid());
    }
    layScripts(workspace);
    Fixture fixture = Fixture.start(this, lacking, place);
    String unlocked = fixture.prepare(lacking.preparation());
    assertThat(unlocked).as("preparation of %s", lacking).startsWith(" [ended]");
    return fixture;
  }

  void layScripts(Path workspace) throws IOException {
    for (String script : SCRIPTS) {
      try (InputStream in = Lab.class.getResourceAsStream("/probes/" + script)) {
        if (in == null) {
          throw new IOException("no resource probes/" + script);
        }
        Files.copy(in, workspace.resolve(script));
      }
    }
  }

  /**
   * Runs an attack while the neighbour's own tool calls go on; each of them must be answered. At
   * the end the attacked slot must still do an ordinary command, in the same life.
   */
  Verdict whileNeighbourAnswers(SlotBox box, Callable<Verdict> attack) throws Exception {
    String life = box.slot().life();
    CompletableFuture<Verdict> going = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                going.complete(attack.call());
              } catch (Throwable e) {
                going.completeExceptionally(e);
              }
            });
    neighbour.answers();
    Verdict verdict = going.get(180, TimeUnit.SECONDS);
    neighbour.answers();
    assertThat(box.bash("echo still here", 20_000)).startsWith("still here\n");
    assertThat(box.slot().life()).as("the attacked container's life").isEqualTo(life);
    return verdict;
  }

  Map<String, Object> given() {
    return given;
  }

  String secret() {
    return secret;
  }

  Path canaryFile() {
    return host.resolve("canary.txt");
  }

  Path base() {
    return base;
  }

  Path home() {
    return home;
  }

  Path host() {
    return host;
  }

  int uid() {
    return settings.ownerUid();
  }

  String image() {
    return settings.imageId();
  }

  String installation() {
    return settings.installation();
  }

  Path engineSocket() {
    return Path.of(settings.engine().getPath());
  }

  String holder() {
    return holder.container();
  }

  int decoyPid() {
    return decoyPid;
  }

  int shmKey() {
    return SHM_KEY;
  }

  Workspaces workspaces() {
    return workspaces;
  }

  DockerSandbox sandbox() {
    return sandbox;
  }

  DockerClient engine() {
    return engine;
  }

  Canaries canaries() {
    return canaries;
  }

  Neighbour neighbour() {
    return neighbour;
  }

  SlotBox attacker() {
    return attacker;
  }

  SlotBox glutton() {
    return glutton;
  }

  void created(String container) {
    containers.add(container);
  }

  /** Removes a fixture before the end. */
  void discard(Fixture fixture) {
    remove(fixture.container());
  }

  private void remove(String container) {
    try {
      engine.removeContainerCmd(container).withForce(true).withRemoveVolumes(true).exec();
    } catch (NotFoundException e) {
      // It is gone already.
    }
  }

  private static long inode(Path path) throws IOException {
    return (Long) Files.getAttribute(path, "unix:ino");
  }

  @Override
  public void close() throws Exception {
    for (String container : containers) {
      remove(container);
    }
    for (@Nullable SlotBox box : List.of(attacker, glutton)) {
      sandbox.release(box.run());
    }
    neighbour.release();
    sandbox.close();
    canaries.close();
    engine.close();
    disk.close();
    // rm copes with what probes leave behind: depth, names, modes.
    new ProcessBuilder("/bin/rm", "-rf", "--one-file-system", base.toString()).start().waitFor();
  }
}
