package dev.helm.keyproxy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The key proxy as its own process, as the launcher starts it. */
final class KeyProxyProcess implements AutoCloseable {
  static final List<String> FLAGS =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:+ExitOnOutOfMemoryError",
          "-XX:-UsePerfData",
          "--enable-native-access=ALL-UNNAMED",
          "-Xms16m",
          "-Xmx96m",
          "-Xmn12m",
          "-XX:SurvivorRatio=2",
          "-XX:MinHeapFreeRatio=10",
          "-XX:MaxHeapFreeRatio=25",
          "-XX:MaxDirectMemorySize=32m",
          "-XX:+DisableAttachMechanism",
          "-XX:ErrorFile=/dev/null",
          "-XX:-CreateCoredumpOnCrash");

  final int port;
  final long readyMs;
  private final Process process;
  private final BufferedReader out;

  private KeyProxyProcess(int port, Process process, BufferedReader out, long readyMs) {
    this.port = port;
    this.process = process;
    this.out = out;
    this.readyMs = readyMs;
  }

  /** Its command line with this class path. */
  static ProcessBuilder command(String classPath, String... args) {
    List<String> command = new java.util.ArrayList<>(List.of(java()));
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", classPath, "dev.helm.keyproxy.KeyProxy"));
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("MALLOC_ARENA_MAX", "2");
    return builder;
  }

  static Process launch(String key, String... args) throws IOException {
    ProcessBuilder builder = command(mainClassPath(), args);
    Process process = builder.start();
    try (var in = process.getOutputStream()) {
      in.write(key.getBytes(StandardCharsets.UTF_8));
    }
    return process;
  }

  /** A program of the test's own with the proxy's limits. */
  static Process other(Class<?> main, Path input) throws IOException {
    List<String> command = new java.util.ArrayList<>(List.of(java()));
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    return new ProcessBuilder(command)
        .redirectInput(input.toFile())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  static String mainClassPath() {
    String separator = System.getProperty("path.separator");
    return String.join(
        separator,
        List.of(System.getProperty("java.class.path").split(separator)).stream()
            .filter(path -> path.endsWith("/classes") || path.contains("jackson-core"))
            .toList());
  }

  /** Starts one and waits for its line. */
  static KeyProxyProcess start(String upstream, Path ledger, Path secret) throws IOException {
    int port = freePort();
    long from = System.nanoTime();
    Process process =
        launch(
            Rig.KEY,
            "--upstream",
            upstream,
            "--listen",
            "tcp:127.0.0.1:" + port,
            "--ledger",
            ledger.toString(),
            "--secret-file",
            secret.toString());
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    @Nullable String line = out.readLine();
    if (!"ready".equals(line)) {
      process.destroyForcibly();
      throw new IOException("expected ready, got " + line);
    }
    return new KeyProxyProcess(port, process, out, (System.nanoTime() - from) / 1_000_000);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  long pid() {
    return process.pid();
  }

  /** Ends it as kill -9 does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(10, TimeUnit.SECONDS);
  }

  /** Ends it as the launcher does, and waits. */
  boolean stop() throws InterruptedException {
    process.destroy();
    return process.waitFor(10, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    kill();
    out.close();
  }
}
