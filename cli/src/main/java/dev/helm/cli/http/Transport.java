package dev.helm.cli.http;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. It rests on {@link HttpURLConnection} because {@code
 * java.net.http.HttpClient} makes threads and a TLS context before it says its first word.
 */
public final class Transport {
  /** Longest answer that is read, in bytes. */
  public static final int BODY_BYTES_MAX = 64 << 20;

  private static final int CONNECT_TIMEOUT_MS = 5_000;
  private static final int READ_TIMEOUT_MS = 60_000;

  private final String url;
  private final boolean loopback;

  /** Talks to the service at this address, without a slash at its end. */
  public Transport(String url) {
    this.url = url;
    this.loopback = isLoopback(parse(url).getHost());
  }

  /** Whether the service is on this machine. */
  public boolean loopback() {
    return loopback;
  }

  /** The service's address. */
  public String url() {
    return url;
  }

  /**
   * Sends one request.
   *
   * @param path begins with {@code /api}
   * @param body null for none
   * @throws IOException when no whole answer came
   */
  public Reply send(String method, String path, Map<String, String> headers, byte @Nullable [] body)
      throws IOException {
    if (method.equals("PATCH")) {
      return patch(path, headers, body == null ? new byte[0] : body);
    }
    HttpURLConnection connection = open(parse(url + path));
    connection.setRequestMethod(method);
    headers.forEach(connection::setRequestProperty);
    if (body != null) {
      connection.setDoOutput(true);
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body);
      }
    }
    int status = connection.getResponseCode();
    return new Reply(status, read(connection, status));
  }

  /**
   * Writes the body of an answer to a stream as it comes.
   *
   * @return null when all of it was written, else the answer that refuses
   * @throws IOException when the body was cut
   */
  public @Nullable Reply download(String path, Map<String, String> headers, OutputStream out)
      throws IOException {
    HttpURLConnection connection = open(parse(url + path));
    headers.forEach(connection::setRequestProperty);
    int status = connection.getResponseCode();
    if (status >= 400) {
      return new Reply(status, read(connection, status));
    }
    try (InputStream in = connection.getInputStream()) {
      in.transferTo(out);
    }
    return null;
  }

  /** The one method that {@code HttpURLConnection} does not know. */
  private Reply patch(String path, Map<String, String> headers, byte[] body) throws IOException {
    HttpClient.Builder client =
        HttpClient.newBuilder().connectTimeout(Duration.ofMillis(CONNECT_TIMEOUT_MS));
    if (loopback) {
      client.proxy(HttpClient.Builder.NO_PROXY);
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(parse(url + path))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofMillis(READ_TIMEOUT_MS))
            .method("PATCH", HttpRequest.BodyPublishers.ofByteArray(body));
    headers.forEach(request::header);
    try (HttpClient http = client.build()) {
      HttpResponse<InputStream> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream in = answer.body()) {
        return new Reply(answer.statusCode(), text(in));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private HttpURLConnection open(URI uri) throws IOException {
    // A proxy between a terminal and its own machine would only see the token.
    HttpURLConnection connection =
        (HttpURLConnection)
            (loopback ? uri.toURL().openConnection(Proxy.NO_PROXY) : uri.toURL().openConnection());
    connection.setConnectTimeout(CONNECT_TIMEOUT_MS);
    connection.setReadTimeout(READ_TIMEOUT_MS);
    connection.setInstanceFollowRedirects(false);
    connection.setUseCaches(false);
    return connection;
  }

  private static String read(HttpURLConnection connection, int status) throws IOException {
    try (InputStream in =
        status >= 400 ? connection.getErrorStream() : connection.getInputStream()) {
      if (in == null) {
        return "";
      }
      return text(in);
    }
  }

  private static String text(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(BODY_BYTES_MAX + 1);
    if (bytes.length > BODY_BYTES_MAX) {
      throw new IOException("the answer is longer than 64 MiB");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The failure to tell when the service could not be reached at all. */
  public Failure unreachable(IOException cause) {
    String why =
        cause instanceof ConnectException
            ? "nothing answers there"
            : cause instanceof UnknownHostException
                ? "that host name is unknown"
                : String.valueOf(cause.getMessage());
    return new Failure(
        ExitCode.UNREACHABLE,
        "The backend at " + url + " cannot be reached: " + why + ".",
        loopback
            ? "Start it with \"helm up\" (or \"helm demo\"); HELM_URL and HELM_PORT say where it is."
            : "Check HELM_URL, and that \"helm up\" runs on that machine.",
        "",
        cause);
  }

  private static URI parse(String url) {
    try {
      URI uri = new URI(url);
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (URISyntaxException ignored) {
      // told below
    }
    throw Failure.usage(
        "HELM_URL \"" + url + "\" is not the address of a service.",
        "Give it as http://HOST:PORT or https://HOST.");
  }

  private static boolean isLoopback(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    boolean literal =
        bare.indexOf(':') >= 0 || bare.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    try {
      return literal && InetAddress.getByName(bare).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
