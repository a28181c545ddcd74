package dev.helm.workflows;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/**
 * A real Temporal dev server, in memory, on a free port. It suggests continue-as-new early, so that
 * a short run shows it.
 */
final class TemporalServer implements AutoCloseable {
  /**
   * Names the variable with the path of the server's binary; without it these tests are skipped.
   */
  static final String BINARY = "HELM_TEST_TEMPORAL";

  private static final int SUGGEST_AT_EVENTS = 200;

  private final Process process;
  private final int port;

  private TemporalServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static TemporalServer start(String binary) throws IOException {
    int port = freePort();
    Process process =
        new ProcessBuilder(
                binary,
                "server",
                "start-dev",
                "--headless",
                "--ip",
                "127.0.0.1",
                "--port",
                "" + port,
                "--log-level",
                "error",
                "--dynamic-config-value",
                "limit.historyCount.suggestContinueAsNew=" + SUGGEST_AT_EVENTS)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    TemporalServer server = new TemporalServer(process, port);
    ScriptedRun.await("the Temporal server", server::listens);
    return server;
  }

  String target() {
    return "127.0.0.1:" + port;
  }

  private boolean listens() {
    if (!process.isAlive()) {
      throw new IllegalStateException("the Temporal server ended: " + process.exitValue());
    }
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 100);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
