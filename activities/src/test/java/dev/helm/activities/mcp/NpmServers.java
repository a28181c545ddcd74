package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.helm.activities.egress.Dial;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Programs of npm on this machine, installed once for all tests; aborts where npm gives none. */
final class NpmServers {
  /** A way to this machine only: what tests start here. */
  static final Dial LOOPBACK =
      (run, call, host, port, secure) -> {
        assertThat(host).isIn("127.0.0.1", "localhost");
        return new Socket(InetAddress.getLoopbackAddress(), port);
      };

  private NpmServers() {}

  /** The directory of these packages, for example {@code name@version}. */
  static synchronized Path installed(String... packages) throws Exception {
    Path home =
        Path.of(System.getProperty("java.io.tmpdir"))
            .resolve("helm-npm-" + Integer.toHexString(List.of(packages).hashCode()));
    Path done = home.resolve("done");
    if (Files.exists(done)) {
      return home;
    }
    Files.createDirectories(home);
    List<String> command =
        new ArrayList<>(
            List.of("npm", "install", "--prefix", home.toString(), "--no-audit", "--no-fund"));
    command.addAll(List.of(packages));
    try {
      Process npm =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(home.resolve("npm.log").toFile())
              .start();
      if (!npm.waitFor(5, TimeUnit.MINUTES) || npm.exitValue() != 0) {
        npm.destroyForcibly();
        abort("npm gives no " + String.join(" ", packages) + " here: " + home.resolve("npm.log"));
      }
    } catch (IOException e) {
      abort("there is no npm here: " + e.getMessage());
    }
    Files.createFile(done);
    return home;
  }

  /** The reference server over HTTP, on a free port of loopback. */
  record Http(Process process, int port) implements AutoCloseable {
    static Http everything() throws Exception {
      return everything(freePort());
    }

    static Http everything(int port) throws Exception {
      Path home = installed("@modelcontextprotocol/server-everything@2026.8.31");
      ProcessBuilder builder =
          new ProcessBuilder(
              "node",
              home.resolve("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
                  .toString(),
              "streamableHttp");
      builder.environment().putAll(Map.of("PORT", "" + port));
      Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      BufferedReader words =
          new BufferedReader(
              new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
      for (String line = words.readLine(); line != null; line = words.readLine()) {
        if (line.contains("listening")) {
          Thread.ofVirtual().start(() -> words.lines().forEach(more -> {}));
          return new Http(process, port);
        }
      }
      throw new IllegalStateException("the server did not start");
    }

    String url() {
      return "http://127.0.0.1:" + port + "/mcp";
    }

    @Override
    public void close() throws Exception {
      process.destroyForcibly().waitFor();
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
