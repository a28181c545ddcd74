package dev.helm.service.run;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A real Temporal dev server of the test's own, tuned as the launcher tunes it. */
final class TemporalServer implements AutoCloseable {
  private final Process process;
  private final int port;

  private TemporalServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts one, or skips the test where the launcher has not named the program. */
  static TemporalServer start(Path home) throws IOException, InterruptedException {
    String program = System.getenv("HELM_TEST_TEMPORAL");
    Assumptions.assumeTrue(program != null, "HELM_TEST_TEMPORAL is not set; ./helm test sets it");
    int port = freePort();
    Process process =
        new ProcessBuilder(
                List.of(
                    program,
                    "server",
                    "start-dev",
                    "--headless",
                    "--ip",
                    "127.0.0.1",
                    "--port",
                    String.valueOf(port),
                    "--db-filename",
                    home.resolve("temporal.db").toString(),
                    "--sqlite-pragma",
                    "journal_mode=wal",
                    "--sqlite-pragma",
                    "synchronous=full",
                    "--log-level",
                    "error",
                    "--dynamic-config-value",
                    "history.transferProcessorMaxPollRPS=2000",
                    "--dynamic-config-value",
                    "history.timerProcessorMaxPollRPS=2000",
                    "--dynamic-config-value",
                    "system.enableActivityEagerExecution=true",
                    "--dynamic-config-value",
                    "matching.numTaskqueueReadPartitions=1",
                    "--dynamic-config-value",
                    "matching.numTaskqueueWritePartitions=1"))
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("temporal.log").toFile())
            .start();
    awaitPort(process, port);
    return new TemporalServer(process, port);
  }

  private static void awaitPort(Process process, int port)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
        return;
      } catch (IOException e) {
        if (System.nanoTime() - end > 0 || process.waitFor(100, TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new IOException("Temporal's dev server did not start", e);
        }
      }
    }
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
