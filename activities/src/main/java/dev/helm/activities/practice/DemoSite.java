package dev.helm.activities.practice;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * The demo's fictitious web site: TLS 1.3 on loopback, one folder for each host. Its authority is
 * made anew at each start and trusted only by runs of the demo's own installation.
 */
public final class DemoSite implements AutoCloseable {
  private static final String DOMAIN = ".demo.test";
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?");
  private static final Pattern PATH =
      Pattern.compile("(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,8}/?");
  private static final long FILE_CAP_BYTES = 5 << 20;
  private static final int POST_CAP_BYTES = 64 << 10;

  /** The one address that takes a POST, on hosts whose folder has a page there. */
  private static final String INBOX = "/inbox";

  private static final byte[] OK = "{\"ok\":true}\n".getBytes(StandardCharsets.US_ASCII);
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml",
          "png", "image/png",
          "txt", "text/plain; charset=utf-8",
          "json", "application/json");

  private final Path folder;
  private final List<String> names;
  private final Consumer<String> posted;
  private final LoopbackHttp http;

  private DemoSite(int port, Path folder, List<String> names, Path caOut, Consumer<String> posted)
      throws IOException, GeneralSecurityException {
    this.posted = posted;
    this.folder = folder.toRealPath();
    this.names = List.copyOf(names);
    DemoCertificates made =
        DemoCertificates.make(names.stream().map(name -> name + DOMAIN).toList());
    SSLServerSocket socket =
        (SSLServerSocket)
            made.server()
                .getServerSocketFactory()
                .createServerSocket(port, 256, InetAddress.getByName("127.0.0.1"));
    socket.setEnabledProtocols(new String[] {"TLSv1.3"});
    writeWhole(caOut, made.authorityPem());
    this.http = LoopbackHttp.start(socket, POST_CAP_BYTES, this::handle);
  }

  /**
   * Starts the site on 127.0.0.1 and writes its authority's certificate.
   *
   * @param port TCP port, 0 for a free one
   * @param folder holds one folder for each name
   * @param names hosts without {@code .demo.test}; empty takes every folder
   * @param caOut where the PEM file goes; it appears whole or not at all
   * @throws IllegalArgumentException for a name that is no host label or has no folder
   */
  public static DemoSite start(int port, Path folder, List<String> names, Path caOut)
      throws IOException, GeneralSecurityException {
    return start(port, folder, names, caOut, posted -> {});
  }

  /**
   * The same.
   *
   * @param posted is told of what is posted to a host's {@code /inbox}: the host and the body
   */
  public static DemoSite start(
      int port, Path folder, List<String> names, Path caOut, Consumer<String> posted)
      throws IOException, GeneralSecurityException {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException("--dir " + folder + " is not a folder");
    }
    List<String> hosts = names.isEmpty() ? folders(folder) : names;
    for (String name : hosts) {
      if (!NAME.matcher(name).matches() || !Files.isDirectory(folder.resolve(name))) {
        throw new IllegalArgumentException(
            "--host " + name + ": no folder of that name in " + folder);
      }
    }
    if (hosts.isEmpty()) {
      throw new IllegalArgumentException("--dir " + folder + " has no folder for a host");
    }
    return new DemoSite(port, folder, hosts, caOut, posted);
  }

  /** The port that it listens on. */
  public int port() {
    return http.port();
  }

  /** The hosts that it answers for, with their domain. */
  public List<String> hosts() {
    return names.stream().map(name -> name + DOMAIN).toList();
  }

  @Override
  public void close() throws IOException {
    http.close();
  }

  private static List<String> folders(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(Files::isDirectory)
          .map(path -> path.getFileName().toString())
          .filter(name -> NAME.matcher(name).matches())
          .sorted()
          .toList();
    }
  }

  private static void writeWhole(Path target, String text) throws IOException {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("--ca-out " + target + " is not a file");
    }
    Path part = Files.createTempFile(parent, ".ca", ".part");
    try {
      Files.writeString(part, text);
      part.toFile().setReadable(true, false);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private void handle(HttpRequest request, HttpReply reply) throws IOException {
    String host = request.header("host").toLowerCase(Locale.ROOT).replaceFirst(":[0-9]+$", "");
    String name = host.endsWith(DOMAIN) ? host.substring(0, host.length() - DOMAIN.length()) : "";
    if (!names.contains(name) || !host.equals(sni(reply.socket()))) {
      text(reply, 421, "This site answers only for " + String.join(", ", hosts()) + ".");
      return;
    }
    boolean head = request.method().equals("HEAD");
    boolean inbox = request.method().equals("POST") && request.path().equals(INBOX);
    if (!head && !inbox && !request.method().equals("GET")) {
      text(reply, 405, "Only GET and HEAD are served, and POST to an " + INBOX + ".");
      return;
    }
    Path file = find(name, request.path());
    if (file == null) {
      text(reply, 404, "No such page.");
      return;
    }
    if (inbox) {
      String body = new String(request.body(), StandardCharsets.UTF_8);
      posted.accept(host + " " + body.replaceAll("\\p{Cntrl}", " "));
      reply.send(200, Map.of("content-type", "application/json"), OK);
      return;
    }
    String leaf = file.getFileName().toString();
    String type =
        TYPES.getOrDefault(leaf.substring(leaf.lastIndexOf('.') + 1), "application/octet-stream");
    Map<String, String> headers = Map.of("content-type", type, "cache-control", "no-store");
    reply.send(200, headers, head ? new byte[0] : Files.readAllBytes(file));
  }

  private @Nullable Path find(String name, String path) throws IOException {
    if (!PATH.matcher(path).matches()) {
      return null;
    }
    Path root = folder.resolve(name);
    Path file = root.resolve("." + path).normalize();
    if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      file = file.resolve("index.html");
    }
    boolean served =
        file.startsWith(root)
            && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
            && file.toRealPath().startsWith(root)
            && Files.size(file) <= FILE_CAP_BYTES;
    return served ? file : null;
  }

  private static String sni(Socket socket) {
    if (socket instanceof SSLSocket tls && tls.getSession() instanceof ExtendedSSLSession session) {
      return session.getRequestedServerNames().stream()
          .filter(SNIHostName.class::isInstance)
          .map(name -> ((SNIHostName) name).getAsciiName().toLowerCase(Locale.ROOT))
          .findFirst()
          .orElse("");
    }
    return "";
  }

  private static void text(HttpReply reply, int status, String words) throws IOException {
    reply.send(
        status,
        Map.of("content-type", "text/plain; charset=utf-8"),
        (words + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Runs until it is killed: {@code --port N --dir DIR --ca-out FILE [--host NAME]…}. Prints {@code
   * ready} when it listens and the certificate is written; exit code 2 for wrong use.
   */
  public static void main(String[] args) throws IOException, GeneralSecurityException {
    List<String> names = new ArrayList<>();
    int port = -1;
    String folder = "";
    String caOut = "";
    try {
      for (Arguments at = new Arguments(args); at.hasNext(); ) {
        switch (at.next()) {
          case "--port" -> port = at.port();
          case "--dir" -> folder = at.value();
          case "--ca-out" -> caOut = at.value();
          case "--host" -> names.add(at.value().replaceFirst("\\.demo\\.test$", ""));
          default -> throw at.unknown("--port N --dir DIR --ca-out FILE [--host NAME]...");
        }
      }
      if (port < 0 || folder.isEmpty() || caOut.isEmpty()) {
        throw new IllegalArgumentException("--port, --dir and --ca-out are needed");
      }
      DemoSite site = start(port, Path.of(folder), names, Path.of(caOut), System.out::println);
      Arguments.ready(port, site.port());
    } catch (IllegalArgumentException e) {
      System.err.println("demo site: " + e.getMessage());
      System.exit(2);
    } catch (BindException e) {
      System.err.println(
          "demo site: port " + port + " is taken; stop what listens there, or give another");
      System.exit(1);
    }
  }
}
