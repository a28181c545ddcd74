package dev.helm.service.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A Temporal development server of the benchmark's own. */
final class DevServer implements AutoCloseable {
  /**
   * What the launcher starts its server with: {@code dev.helm.cli.launch.Plan#temporal} and {@code
   * TemporalTuning}. This module may not see that one; change both together.
   */
  private static final List<String> TUNING =
      List.of(
          "--sqlite-pragma",
          "journal_mode=wal",
          "--sqlite-pragma",
          "synchronous=full",
          "--dynamic-config-value",
          "history.transferProcessorMaxPollRPS=2000",
          "--dynamic-config-value",
          "history.timerProcessorMaxPollRPS=2000",
          "--dynamic-config-value",
          "system.enableActivityEagerExecution=true",
          "--dynamic-config-value",
          "matching.numTaskqueueReadPartitions=1",
          "--dynamic-config-value",
          "matching.numTaskqueueWritePartitions=1");

  private final Process process;
  private final int port;

  private DevServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** As the launcher starts it. */
  static DevServer tuned(Path binary, Path folder) throws IOException {
    return start(binary, folder.resolve("tuned.db"), TUNING);
  }

  /** With a database file and nothing else said. */
  static DevServer untuned(Path binary, Path folder) throws IOException {
    return start(binary, folder.resolve("untuned.db"), List.of());
  }

  private static DevServer start(Path binary, Path database, List<String> more) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> argv =
        new ArrayList<>(List.of(binary.toString(), "server", "start-dev", "--headless"));
    argv.addAll(List.of("--ip", "127.0.0.1", "--port", "" + port));
    argv.addAll(List.of("--db-filename", database.toString()));
    argv.addAll(List.of("--log-level", "error", "--log-format", "json"));
    argv.addAll(more);
    Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    while (line != null && !line.contains("Server:")) {
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException("the Temporal server ended before it was ready");
    }
    var unused =
        Thread.ofVirtual()
            .start(() -> out.lines().forEach(DevServer::ignore)); // keeps the pipe empty
    return new DevServer(process, port);
  }

  private static void ignore(String line) {}

  String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(15, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
