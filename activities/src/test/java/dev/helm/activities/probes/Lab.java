package dev.helm.activities.probes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.sandbox.SandboxLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The attacker's slots, the neighbour's, fixtures that lack a safeguard, and what there is to
 * reach.
 */
final class Lab implements AutoCloseable {
  /** Small, so that what exceeds it does not weigh on the machine. */
  static final SandboxLimits SMALL = new SandboxLimits(192L << 20, 300, 64);

  /** A tenth of a CPU. */
  static final SandboxLimits SLOW = new SandboxLimits(192L << 20, 100, 64);

  static final int SHM_KEY = 0x48454c4d;
  private static final String PLANTED = "/workspace/planted/";

  private final Machine machine;
  private final Map<Lacking, Fixture> fixtures = new EnumMap<>(Lacking.class);
  private final Map<String, Object> given = new HashMap<>();
  private final Neighbour neighbour;
  private final Fixture holder;
  private final int decoyPid;
  private final SlotBox attacker;
  private final Map<SandboxLimits, SlotBox> gluttons = new HashMap<>();
  private int fixtureNumber;

  private Lab(Machine machine) throws Exception {
    this.machine = machine;
    neighbour = new Neighbour(this);
    holder = freshFixture(Lacking.HOLDER);
    awaitReady(holder);
    decoyPid = decoy();
    String name = "helm-" + machine.base.getFileName();
    Fixture onHost = fixture(Lacking.NETWORK_NAMESPACE);
    onHost.leave("/usr/bin/python3", "/workspace/holder.py", "abstract", name);
    awaitReady(onHost);
    attacker = prepared(SandboxLimits.DEFAULT);
    describe(name);
    plant(attacker.workspace(), fixture(Lacking.NO_NEW_PRIVILEGES).workspace());
  }

  static Lab open() throws Exception {
    Machine machine = Machine.open();
    try {
      return new Lab(machine);
    } catch (Throwable e) {
      machine.close();
      throw e;
    }
  }

  /** All that an attacker could know or guess. */
  private void describe(String abstractName) throws IOException {
    given.put("begins", "HELMCANARY");
    given.put("canary", machine.canaryFile().toString());
    given.put("home", machine.home.toString());
    given.put("hostPid", ProcessHandle.current().pid());
    given.put("hostPidNamespace", Files.getAttribute(Path.of("/proc/self/ns/pid"), "unix:ino"));
    given.put("neighbourPid", neighbour.pid());
    given.put("neighbourPort", neighbour.port());
    given.put("neighbourSocket", neighbour.socket().toString());
    given.put("neighbourFile", neighbour.file().toString());
    given.put("decoyPid", decoyPid);
    given.put("hostAddresses", Canaries.addresses());
    given.put("canaryPort", machine.canaries.port());
    given.put("canaryUdpPort", machine.canaries.udpPort());
    given.put("engineSocket", machine.engineSocket().toString());
    given.put("abstract", abstractName);
    given.put("shmKey", SHM_KEY);
    given.put("diskMajor", machine.disk.major());
    given.put("diskMinor", machine.disk.minor());
    given.put("plantedNode", PLANTED + "node");
    given.put("plantedSetuid", PLANTED + "shell");
    given.put("plantedCapable", PLANTED + "capable");
  }

  /** Leaves in workspaces what only root can make: a shell, a capable file, a node of the disk. */
  private void plant(Path... places) throws Exception {
    Fixture source = fixture(Lacking.RANK);
    source.prepare(
        """
        mkdir /workspace/planted && cd /workspace/planted && cp /bin/bash shell && cp /bin/cat capable
        chmod 4755 shell && mknod -m 666 node b %s %s
        python3 -c 'import os, struct
        os.setxattr("capable", "security.capability", struct.pack("<IIIII", 0x02000001, 1, 0, 0, 0))'
        """
            .formatted(machine.disk.major(), machine.disk.minor()));
    for (Path place : places) {
      Shell.run(
          "/bin/cp", "-a", source.workspace().resolve("planted").toString(), place.toString());
    }
  }

  /** A run with a slot of its own, and the probes in its workspace. */
  SlotBox prepared(SandboxLimits limits) throws IOException {
    SlotBox box = new SlotBox(this, limits);
    machine.workspace(box.run());
    box.slot();
    return box;
  }

  private int decoy() throws Exception {
    holder.leaveAs(uid(), "/bin/sleep", "98765");
    for (int i = 0; i < 200; i++) {
      int pid = Processes.find(holder.container(), "98765");
      if (pid > 0) {
        return pid;
      }
      ResourceProbes.pause(20);
    }
    throw new AssertionError("the decoy did not start");
  }

  private static void awaitReady(Fixture fixture) throws Exception {
    for (int i = 0; i < 500; i++) {
      if (heard(fixture).contains("ready")) {
        return;
      }
      ResourceProbes.pause(20);
    }
    throw new AssertionError("a holder did not start in 10 s");
  }

  private static String heard(Fixture fixture) throws IOException {
    Path file = fixture.workspace().resolve("heard");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  /** What the service in the other network heard. */
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
    Path place = machine.home.resolve("fixtures").resolve(lacking.name() + fixtureNumber++);
    Path workspace = Files.createDirectories(place.resolve("box/workspace"));
    Path sockets = Files.createDirectories(place.resolve("sock"));
    Files.writeString(sockets.resolve("ca.pem"), "trust\n");
    Files.writeString(sockets.resolve("x.sock"), "");
    for (Path path : List.of(place.resolve("box"), workspace, sockets)) {
      Files.setAttribute(path, "unix:uid", lacking.root() ? 0 : uid());
    }
    machine.layScripts(workspace);
    Fixture fixture = Fixture.start(this, lacking, place);
    assertThat(fixture.prepare(lacking.preparation()))
        .as("preparation of %s", lacking)
        .startsWith(" [ended]");
    return fixture;
  }

  /** Removes a fixture before the end. */
  void discard(Fixture fixture) {
    machine.remove(fixture.container());
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
    do {
      neighbour.answers();
      ResourceProbes.pause(100);
    } while (!going.isDone());
    Verdict verdict = going.get(180, TimeUnit.SECONDS);
    assertThat(box.bash("echo still here", 20_000)).startsWith("still here\n");
    assertThat(box.slot().life()).as("the attacked container's life").isEqualTo(life);
    return verdict;
  }

  Machine machine() {
    return machine;
  }

  Map<String, Object> given() {
    return given;
  }

  String secret() {
    return machine.secret;
  }

  int uid() {
    return machine.settings.ownerUid();
  }

  String holder() {
    return holder.container();
  }

  int decoyPid() {
    return decoyPid;
  }

  Neighbour neighbour() {
    return neighbour;
  }

  SlotBox attacker() {
    return attacker;
  }

  /** A slot with these limits, the same one again. */
  SlotBox slot(SandboxLimits limits) throws IOException {
    SlotBox known = gluttons.get(limits);
    if (known == null) {
      known = prepared(limits);
      gluttons.put(limits, known);
    }
    return known;
  }

  @Override
  public void close() throws Exception {
    machine.close();
  }
}
