package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A server of Debian's on loopback, at a port of its own. Where the test is root it runs as the
 * user {@code postgres}, which comes with the postgresql package: PostgreSQL refuses root, and an
 * SSH server that is not root lets in its own user and nobody else.
 */
final class RealServer implements AutoCloseable {
  private static final String USER = "postgres";
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  final int port;
  final Path directory;
  private final Process process;

  private RealServer(int port, Path directory, Process process) {
    this.port = port;
    this.directory = directory;
    this.process = process;
  }

  /** Who may log in by SSH. */
  static String user() {
    return ROOT ? USER : System.getProperty("user.name");
  }

  /** A server that takes the keys that {@link #letIn} adds. */
  static RealServer ssh() throws Exception {
    String sshd = program("sshd", "openssh-server");
    String keygen = program("ssh-keygen", "openssh-client");
    Path directory = directory();
    run(directory, keygen, "-q", "-t", "ed25519", "-N", "", "-f", directory + "/host");
    int port = freePort();
    Files.writeString(
        directory.resolve("config"),
        String.join(
            "\n",
            "ListenAddress 127.0.0.1:" + port,
            "HostKey " + directory + "/host",
            "AuthorizedKeysFile " + directory + "/keys",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",
            "PidFile none",
            "Subsystem sftp internal-sftp",
            ""));
    Files.createFile(directory.resolve("keys"));
    own(directory);
    return start(
        port, directory, "listening on", sshd, "-D", "-e", "-f", directory.resolve("config") + "");
  }

  void letIn(String publicKey) throws IOException {
    Files.writeString(directory.resolve("keys"), publicKey);
  }

  /** A database whose user {@code helm} has this password. */
  static RealServer postgres(String password) throws Exception {
    String initdb = program("initdb", "postgresql");
    String postgres = program("postgres", "postgresql");
    Path directory = directory();
    Files.writeString(directory.resolve("password"), password);
    own(directory);
    run(
        directory,
        initdb,
        "--pgdata=" + directory + "/data",
        "--username=helm",
        "--auth=scram-sha-256",
        "--pwfile=" + directory + "/password",
        "--no-sync");
    int port = freePort();
    return start(
        port,
        directory,
        "ready to accept connections",
        postgres,
        "-D",
        directory + "/data",
        "-h",
        "127.0.0.1",
        "-p",
        String.valueOf(port),
        "-c",
        "unix_socket_directories=");
  }

  private static RealServer start(int port, Path directory, String ready, String... command)
      throws Exception {
    Process process =
        new ProcessBuilder(as(command))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    CompletableFuture<Void> up = new CompletableFuture<>();
    StringBuffer said = new StringBuffer();
    Thread.ofVirtual()
        .start(
            () -> {
              try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  said.append(line).append('\n');
                  if (line.contains(ready)) {
                    up.complete(null);
                  }
                }
              } catch (IOException e) {
                // It ended.
              }
              up.completeExceptionally(new IOException("it ended: " + said));
            });
    RealServer server = new RealServer(port, directory, process);
    try {
      up.get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      server.close();
      throw new IOException("the server did not start: " + said, e);
    }
    return server;
  }

  private static Path directory() throws IOException {
    return Files.createTempDirectory("server");
  }

  private static void own(Path directory) throws IOException {
    if (!ROOT) {
      return;
    }
    UserPrincipal user =
        directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(USER);
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.setOwner(file, user);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult preVisitDirectory(Path each, BasicFileAttributes attributes)
              throws IOException {
            Files.setOwner(each, user);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static List<String> as(String... command) {
    List<String> all = new ArrayList<>();
    if (ROOT) {
      all.addAll(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups", "--"));
    }
    all.addAll(List.of(command));
    return all;
  }

  private static void run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(
                Files.exists(directory.resolve("password")) ? as(command) : List.of(command))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command[0] + " failed: " + said);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }

  /** Skips the test where Debian's package is not installed; CI installs it. */
  private static String program(String name, String debian) throws IOException {
    List<Path> places = new ArrayList<>();
    Path versions = Path.of("/usr/lib/postgresql");
    if (Files.isDirectory(versions)) {
      try (Stream<Path> all = Files.list(versions)) {
        all.map(version -> version.resolve("bin")).forEach(places::add);
      }
    }
    for (String place : (System.getenv("PATH") + ":/usr/sbin:/sbin").split(":")) {
      places.add(Path.of(place));
    }
    for (Path place : places) {
      if (Files.isExecutable(place.resolve(name))) {
        return place.resolve(name).toString();
      }
    }
    String why = "needs " + name + " (Debian package " + debian + ")";
    if ("true".equals(System.getenv("CI"))) {
      fail(why);
    }
    return abort(why);
  }

  @Override
  public void close() throws Exception {
    process.toHandle().descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    Trees.delete(directory, Path.of(System.getProperty("java.io.tmpdir")));
  }
}
