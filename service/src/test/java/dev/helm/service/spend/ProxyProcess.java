package dev.helm.service.spend;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The key proxy as a process of its own, from the classes of its module. */
public final class ProxyProcess implements AutoCloseable {
  private static final String KEY = "sk-ant-not-a-key-0123456789abcdef";

  private final String upstream;
  private final Path ledger;
  private final Path secret;
  private final int port;
  private @Nullable Process process;

  /** Not started yet. */
  public ProxyProcess(String upstream, Path ledger, Path secret) throws IOException {
    this.upstream = upstream;
    this.ledger = ledger;
    this.secret = secret;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      this.port = free.getLocalPort();
    }
  }

  /** Where it listens, on loopback. */
  public int port() {
    return port;
  }

  /** Starts it and waits until it listens and the ledger took its hello. */
  public ProxyProcess start() throws IOException {
    Process started =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx96m",
                "-XX:+DisableAttachMechanism",
                "-cp",
                classPath(),
                "dev.helm.keyproxy.KeyProxy",
                "--upstream",
                upstream,
                "--listen",
                "tcp:127.0.0.1:" + port,
                "--ledger",
                ledger.toString(),
                "--secret-file",
                secret.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    process = started;
    try (var in = started.getOutputStream()) {
      in.write(KEY.getBytes(StandardCharsets.UTF_8));
    }
    BufferedReader out =
        new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    if (!"ready".equals(line)) {
      kill();
      throw new IOException("the key proxy said " + line + " instead of ready");
    }
    return this;
  }

  /** Ends it as kill -9 does. */
  public void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.waitFor(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    kill();
  }

  private static String classPath() {
    Path checkout = Path.of("..").toAbsolutePath().normalize();
    String classes =
        Stream.of("keyproxy/target/classes", "target/fast/keyproxy/main")
            .map(checkout::resolve)
            .filter(folder -> Files.exists(folder.resolve("dev/helm/keyproxy/KeyProxy.class")))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("build the module keyproxy first"))
            .toString();
    String separator = System.getProperty("path.separator");
    String jackson =
        List.of(System.getProperty("java.class.path").split(separator)).stream()
            .filter(path -> path.contains("jackson-core"))
            .findFirst()
            .orElseThrow();
    return classes + separator + jackson;
  }
}
