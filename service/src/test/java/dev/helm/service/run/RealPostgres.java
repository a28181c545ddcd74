package dev.helm.service.run;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Debian's PostgreSQL on loopback, at a port of its own, with a superuser {@code admin}. */
final class RealPostgres implements AutoCloseable {
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  final int port;
  final String password;
  private final Path programs;
  private final Path folder;
  private final Process process;

  private RealPostgres(int port, String password, Path programs, Path folder, Process process) {
    this.port = port;
    this.password = password;
    this.programs = programs;
    this.folder = folder;
    this.process = process;
  }

  /** Null where Debian's package postgresql is not installed; CI installs it. */
  static @Nullable RealPostgres start() throws Exception {
    Path programs = programs();
    if (programs == null) {
      if ("true".equals(System.getenv("CI"))) {
        fail("needs the Debian package postgresql");
      }
      return null;
    }
    byte[] random = new byte[12];
    new Random().nextBytes(random);
    String password = "admin-" + HexFormat.of().formatHex(random);
    Path folder = Files.createTempDirectory(Path.of("/tmp"), "hp");
    Files.writeString(folder.resolve("password"), password);
    if (ROOT) {
      ExampleRig.command(folder, "chown", "-R", "postgres:", folder.toString());
    }
    ExampleRig.command(
        folder,
        as(
            programs + "/initdb",
            "--pgdata=" + folder + "/data",
            "--username=admin",
            "--auth=scram-sha-256",
            "--pwfile=" + folder + "/password",
            "--no-sync"));
    int port = freePort();
    Process process =
        new ProcessBuilder(
                as(
                    programs + "/postgres",
                    "-D",
                    folder + "/data",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    String.valueOf(port),
                    "-c",
                    "log_statement=all",
                    "-c",
                    "unix_socket_directories="))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.log").toFile())
            .start();
    RealPostgres server = new RealPostgres(port, password, programs, folder, process);
    try {
      ServiceProcess.await("PostgreSQL", 60, () -> server.logsIn("admin", password));
    } catch (AssertionError e) {
      server.close();
      throw e;
    }
    return server;
  }

  /** Runs a statement as the superuser. */
  void sql(String statement) throws Exception {
    if (psql("admin", password, statement) != 0) {
      throw new IOException("it did not succeed: " + log());
    }
  }

  boolean logsIn(String user, String with) {
    try {
      return psql(user, with, "SELECT 1") == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private int psql(String user, String with, String statement) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                programs + "/psql",
                "-h",
                "127.0.0.1",
                "-p",
                String.valueOf(port),
                "-U",
                user,
                "-d",
                "postgres",
                "-Atc",
                statement)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(Map.of("PGPASSWORD", with, "LC_ALL", "C"));
    try {
      return builder.start().waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the server logged, every statement included. */
  String log() throws IOException {
    return Files.readString(folder.resolve("server.log"), StandardCharsets.UTF_8);
  }

  private static String[] as(String... command) {
    List<String> all = new ArrayList<>();
    if (ROOT) {
      all.addAll(
          List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"));
    }
    all.addAll(List.of(command));
    return all.toArray(String[]::new);
  }

  private static @Nullable Path programs() throws IOException {
    Path versions = Path.of("/usr/lib/postgresql");
    if (!Files.isDirectory(versions)) {
      return null;
    }
    try (Stream<Path> all = Files.list(versions)) {
      return all.map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
          .max(Comparator.naturalOrder())
          .orElse(null);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() throws Exception {
    process.toHandle().descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
