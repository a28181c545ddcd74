package dev.helm.activities.mcp;

import dev.helm.activities.http.AnswerStream;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request over one connection in strict HTTP/1.1, its answer bounded: no redirect is followed,
 * nothing is unpacked, and two readings of a header are an error.
 */
final class Exchange implements Closeable {
  private final Socket socket;
  private final InputStream in;
  private final AnswerStream answer;

  private Exchange(Socket socket, InputStream in, AnswerStream answer) {
    this.socket = socket;
    this.in = in;
    this.answer = answer;
  }

  /**
   * Sends a request and reads the head of its answer.
   *
   * @param headers without Host, Content-Length and Connection
   * @param headMs how long the head of the answer may take; 0 for as long as it likes
   */
  static Exchange of(
      Socket socket,
      String method,
      URI uri,
      Map<String, String> headers,
      byte @Nullable [] content,
      int headMs)
      throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(head(method, uri, headers, content).getBytes(StandardCharsets.ISO_8859_1));
    if (content != null) {
      out.write(content);
    }
    out.flush();
    socket.setSoTimeout(headMs);
    InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    AnswerStream answer = AnswerStream.read(in, method);
    if (!answer
        .headers()
        .getOrDefault("content-encoding", "identity")
        .equalsIgnoreCase("identity")) {
      throw new IOException("its answer is packed");
    }
    socket.setSoTimeout(0);
    return new Exchange(socket, in, answer);
  }

  private static String head(
      String method, URI uri, Map<String, String> headers, byte @Nullable [] content) {
    StringBuilder head = new StringBuilder();
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    head.append(method).append(' ').append(path).append(query).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(uri.getRawAuthority()).append("\r\n");
    head.append("Connection: close\r\nUser-Agent: helm\r\nAccept-Encoding: identity\r\n");
    headers.forEach(
        (name, value) -> {
          // Attack: what a server or a secret says would begin a header of its own.
          if (value.chars().anyMatch(c -> c < ' ' || c > 0x7e)) {
            throw new IllegalArgumentException("a value of header " + name + " cannot be sent");
          }
          head.append(name).append(": ").append(value).append("\r\n");
        });
    if (content != null) {
      head.append("Content-Length: ").append(content.length).append("\r\n");
    }
    return head.append("\r\n").toString();
  }

  int status() {
    return answer.status();
  }

  @Nullable String header(String name) {
    return answer.headers().get(name);
  }

  /** To the end of the answer; the reader bounds it. */
  InputStream body() {
    return answer.body();
  }

  /** The whole answer as text. */
  String text(int bytesMax) throws IOException {
    byte[] bytes = body().readNBytes(bytesMax + 1);
    if (bytes.length > bytesMax) {
      throw new Fault(
          Fault.Kind.TOO_LARGE, "its answer is larger than " + (bytesMax >> 10) + " KiB");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Longest silence within the answer, in milliseconds. */
  void silence(int ms) throws IOException {
    socket.setSoTimeout(ms);
  }

  @Override
  public void close() {
    try {
      socket.close();
      in.close();
    } catch (IOException e) {
      // Closed as far as it can be.
    }
  }
}
