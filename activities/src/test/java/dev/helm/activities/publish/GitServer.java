package dev.helm.activities.publish;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.Executors;

/** git's own {@code http-backend} over the bare repositories of a directory, for one user. */
public final class GitServer implements AutoCloseable {
  private final HttpServer server;
  private final Path root;
  private final String authorization;

  public GitServer(Path root, String user, String password) throws IOException {
    this.root = root;
    this.authorization =
        "Basic "
            + Base64.getEncoder()
                .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::serve);
    server.start();
  }

  public int port() {
    return server.getAddress().getPort();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"git\"");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      byte[] body = exchange.getRequestBody().readAllBytes();
      ProcessBuilder program = new ProcessBuilder("git", "http-backend");
      Map<String, String> cgi = program.environment();
      cgi.put("GIT_PROJECT_ROOT", root.toString());
      cgi.put("GIT_HTTP_EXPORT_ALL", "1");
      cgi.put("REMOTE_USER", "helm");
      cgi.put("REQUEST_METHOD", exchange.getRequestMethod());
      cgi.put("PATH_INFO", exchange.getRequestURI().getPath());
      cgi.put("QUERY_STRING", String.valueOf(exchange.getRequestURI().getRawQuery()));
      cgi.put("CONTENT_TYPE", first(exchange, "Content-Type"));
      cgi.put("CONTENT_LENGTH", String.valueOf(body.length));
      cgi.put("HTTP_CONTENT_ENCODING", first(exchange, "Content-Encoding"));
      cgi.put("GIT_PROTOCOL", first(exchange, "Git-Protocol"));
      cgi.put("HTTP_GIT_PROTOCOL", first(exchange, "Git-Protocol"));
      Process git = program.redirectError(ProcessBuilder.Redirect.DISCARD).start();
      Thread.startVirtualThread(
          () -> {
            try (var in = git.getOutputStream()) {
              in.write(body);
            } catch (IOException e) {
              // It did not want all of it.
            }
          });
      answer(exchange, git.getInputStream());
    }
  }

  private static String first(HttpExchange exchange, String header) {
    String value = exchange.getRequestHeaders().getFirst(header);
    return value == null ? "" : value;
  }

  private static void answer(HttpExchange exchange, InputStream cgi) throws IOException {
    byte[] all = cgi.readAllBytes();
    String text = new String(all, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    int status = 200;
    for (String line : text.substring(0, end).split("\r\n")) {
      String[] header = line.split(": ", 2);
      if (header[0].equals("Status")) {
        status = Integer.parseInt(header[1].substring(0, 3));
      } else {
        exchange.getResponseHeaders().add(header[0], header[1]);
      }
    }
    byte[] body = text.substring(end + 4).getBytes(StandardCharsets.ISO_8859_1);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
