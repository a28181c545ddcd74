package dev.helm.activities.sandbox;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A machine with a real engine and a world behind it, both in network namespaces of their own, and
 * the launcher's root part at work on that machine's tables. Needs root.
 */
final class NetLab implements AutoCloseable {
  private static final Path RESOURCES = Path.of("src/test/resources/netlab").toAbsolutePath();

  final Path home;
  final Engine engine;
  private final String name = "hl" + UUID.randomUUID().toString().substring(0, 6);
  private final String image;
  private final Path rootProgram;
  private final List<Process> started = new ArrayList<>();
  private @Nullable Process dockerd;
  private @Nullable Process rootPart;

  private NetLab(Path home, String image, Path rootProgram) {
    this.home = home;
    this.image = image;
    this.rootProgram = rootProgram;
    this.engine = new Engine(URI.create("unix://" + socket()));
  }

  static NetLab open() throws Exception {
    Map<String, String> environment = System.getenv();
    String engine = environment.getOrDefault("HELM_TEST_DOCKER_HOST", "");
    String image = environment.getOrDefault("HELM_TEST_IMAGE", "");
    Path program = Path.of(environment.getOrDefault("HELM_TEST_CLI", "../cli/target/classes"));
    if (engine.isEmpty()
        || image.isEmpty()
        || !Files.exists(program)
        || Workspaces.serviceUid() != 0) {
      String why = "needs root, HELM_TEST_DOCKER_HOST, HELM_TEST_IMAGE and HELM_TEST_CLI";
      if ("true".equals(environment.get("CI"))) {
        fail(why);
      }
      abort(why);
    }
    NetLab lab =
        new NetLab(Files.createTempDirectory(Path.of("/tmp"), "hn"), image, program.toRealPath());
    try {
      Files.createDirectory(lab.home.resolve("run"));
      lab.bash("bash " + RESOURCES.resolve("up.sh") + " " + lab.name + " " + lab.home);
      lab.startEngine();
      lab.bash(
          "docker -H %s save %s | docker -H unix://%s load".formatted(engine, image, lab.socket()));
      return lab;
    } catch (Exception e) {
      lab.close();
      throw e;
    }
  }

  private Path socket() {
    return home.resolve("docker.sock");
  }

  String image() {
    return image;
  }

  /** Starts the engine, and waits for it. */
  void startEngine() throws Exception {
    dockerd =
        start(
            List.of("bash", RESOURCES.resolve("engine.sh").toString(), name, home.toString()),
            "dockerd.log");
    until(
        "the engine answers",
        () -> {
          try {
            return !engine.info().isEmpty();
          } catch (SandboxException e) {
            return false;
          }
        });
  }

  void stopEngine() throws Exception {
    end(dockerd);
    dockerd = null;
  }

  EgressChain chain() {
    return new EgressChain(home);
  }

  /** Starts the launcher's root part on the machine; it returns at once. */
  void startRootPart() throws Exception {
    String path =
        rootProgram + System.getProperty("path.separator") + System.getProperty("java.class.path");
    rootPart =
        start(
            List.of(
                "nsenter",
                "--net=/run/netns/" + name,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                path,
                "dev.helm.cli.launch.firewall.FirewallProgram",
                home.resolve("run/egress-chain.json").toString()),
            "root-part.log");
    untilIntact();
  }

  void untilIntact() throws Exception {
    until(
        "the chain is intact: " + log("root-part.log"),
        () -> {
          try {
            return !chain().requireIntact().proxy().isUnresolved();
          } catch (SandboxRefused e) {
            return false;
          }
        });
  }

  /** In order, as the launcher ends it. */
  void stopRootPart() throws Exception {
    end(rootPart);
    rootPart = null;
  }

  /** As the kernel ends it: it cannot clean up. */
  void killRootPart() throws Exception {
    if (rootPart != null) {
      rootPart.destroyForcibly().waitFor();
      rootPart = null;
    }
  }

  /** What a process of this laboratory has printed. */
  String log(String file) throws IOException {
    Path path = home.resolve(file);
    return Files.exists(path) ? Files.readString(path) : "";
  }

  /** How often each listener of the machine or the world was reached. */
  Map<String, Integer> visits(String where) throws IOException {
    Map<String, Integer> visits = new HashMap<>();
    log(where + ".log").lines().forEach(line -> visits.merge(line, 1, Integer::sum));
    return visits;
  }

  /** All packets that arrived in the world. */
  long worldPackets() throws Exception {
    long all = 0;
    for (String program : List.of("iptables", "ip6tables")) {
      String listing =
          bash("nsenter --net=/run/netns/%s-w %s -t raw -v -S PREROUTING".formatted(name, program));
      all += Long.parseLong(listing.replaceAll("(?s).* -c (\\d+) \\d+.*", "$1").strip());
    }
    return all;
  }

  /** Runs words of a shell on the machine. */
  String machine(String words) throws Exception {
    return run(List.of("nsenter", "--net=/run/netns/" + name, "bash", "-c", words));
  }

  /** The engine's own client. */
  String docker(String words) throws Exception {
    return bash("docker -H unix://" + socket() + " " + words).strip();
  }

  /** Runs all probes in a container: name to what came of it. */
  Map<String, String> probe(String container, String places) throws Exception {
    String out =
        docker(
            "exec -i %s python3 - '%s' <%s"
                .formatted(container, places, RESOURCES.resolve("probes.py")));
    Map<String, String> found = new LinkedHashMap<>();
    out.lines().map(line -> line.split("\t", 2)).forEach(pair -> found.put(pair[0], pair[1]));
    return found;
  }

  /** Has a container answer on ports, as the machine does. */
  void listenIn(String container) throws Exception {
    docker(
        "exec -i -d %s sh -c true && %s"
            .formatted(
                container,
                "docker -H unix://%s exec -i %s sh -c 'cat >/tmp/l.py' <%s"
                    .formatted(socket(), container, RESOURCES.resolve("listener.py"))));
    docker("exec -d " + container + " python3 /tmp/l.py /tmp/log tcp:8088 udp:8089");
    docker("exec " + container + " sh -c 'until grep -q ready /tmp/log; do sleep 0.1; done'");
  }

  String address(String container) throws Exception {
    return docker(
        "inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' " + container);
  }

  private Process start(List<String> command, String log) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve(log).toFile()))
            .start();
    started.add(process);
    return process;
  }

  private static void end(@Nullable Process process) throws InterruptedException {
    if (process != null) {
      process.destroy();
      if (!process.waitFor(40, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }

  private String bash(String line) throws Exception {
    return run(List.of("bash", "-o", "pipefail", "-c", line));
  }

  private String run(List<String> command) throws Exception {
    Path out = Files.createTempFile("helm-netlab", "");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
    builder.environment().put("PATH", "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin");
    Process process = builder.start();
    boolean ended = process.waitFor(120, TimeUnit.SECONDS);
    String said = Files.readString(out, StandardCharsets.UTF_8);
    Files.delete(out);
    if (!ended || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + "\n" + said);
    }
    return said;
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void until(String what, Condition condition) throws Exception {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.holds()) {
      if (System.nanoTime() > due) {
        throw new AssertionError("not in time: " + what);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  @Override
  public void close() throws Exception {
    try {
      docker("ps -aq | xargs -r docker -H unix://" + socket() + " rm -f");
    } catch (IOException e) {
      // There is no engine; then its containers are gone with what follows.
    }
    stopRootPart();
    stopEngine();
    started.forEach(Process::destroyForcibly);
    engine.close();
    bash(
        "[ ! -e %1$s/pids ] || kill $(cat %1$s/pids) || true; for n in %2$s %2$s-w; do ip netns del $n || true; done"
            .formatted(home, name));
    bash(
        "awk -v d=%1$s/ 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r | xargs -r -n1 umount -l; rm -rf %1$s"
            .formatted(home));
  }
}
