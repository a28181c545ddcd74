package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A whole Helm, started by {@code helm up} in a HELM_HOME of its own. */
final class LiveHelm implements AutoCloseable {
  private static final int PORTS = 6;

  private final Path launcher;
  private final Path home;
  private final int port;

  private LiveHelm(Path launcher, Path home, int port) {
    this.launcher = launcher;
    this.home = home;
    this.port = port;
  }

  /** Starts everything; returns when all is ready. */
  static LiveHelm start(Path checkout) throws IOException, InterruptedException {
    Path home = Files.createTempDirectory(Path.of("/tmp"), "helm-bench-");
    LiveHelm helm = new LiveHelm(checkout.resolve("helm"), home, freePorts());
    if (helm.call("up", "--detach").waitFor() != 0) {
      helm.close();
      throw new IOException("helm up failed; its words are above");
    }
    helm.awaitHealthy();
    return helm;
  }

  /** Also logs in and keeps the token. On a busy machine the worker comes after the REST door. */
  private void awaitHealthy() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (call("status").waitFor() != 0) {
      if (System.nanoTime() > deadline) {
        close();
        throw new IOException("helm status says for a minute that Helm is not healthy");
      }
      Thread.sleep(500);
    }
  }

  /** What a command of the terminal needs in its environment. */
  Map<String, String> surroundings() {
    return Map.of("HELM_HOME", home.toString(), "HELM_PORT", "" + port);
  }

  Path launcher() {
    return launcher;
  }

  /** Pid and name of the launcher and of what it supervises. */
  Map<Long, String> processes() throws IOException {
    JsonNode state = new ObjectMapper().readTree(home.resolve("run/state.json").toFile());
    Map<Long, String> all = new java.util.LinkedHashMap<>();
    all.put(state.at("/launcher/pid").asLong(), "launcher");
    for (JsonNode child : state.get("children")) {
      all.put(child.at("/process/pid").asLong(), child.get("name").asText());
    }
    return all;
  }

  private Process call(String... words) throws IOException {
    List<String> argv = new ArrayList<>(List.of(launcher.toString()));
    argv.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(argv)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(surroundings());
    return builder.start();
  }

  private static int freePorts() throws IOException {
    for (int port = 46_356; port < 60_000; port += 10) {
      if (allFree(port)) {
        return port;
      }
    }
    throw new IOException("no six free ports in a row");
  }

  private static boolean allFree(int from) {
    for (int port = from; port < from + PORTS; port++) {
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        free.setReuseAddress(true);
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    Process down = call("down");
    if (!down.waitFor(60, TimeUnit.SECONDS)) {
      down.destroy();
    }
    Folders.delete(home);
  }
}
