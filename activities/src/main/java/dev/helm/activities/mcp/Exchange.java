package dev.helm.activities.mcp;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request over one connection in strict HTTP/1.1, its answer bounded: no redirect is followed,
 * nothing is unpacked, and two readings of a header are an error.
 */
final class Exchange implements Closeable {
  private static final int HEAD_BYTES_MAX = 64 << 10;
  private static final int CHUNK_LINE_MAX = 256;

  private final Socket socket;
  private final InputStream in;
  private final int status;
  private final Map<String, String> headers;
  private final InputStream body;

  private Exchange(
      Socket socket, InputStream in, int status, Map<String, String> headers, InputStream body) {
    this.socket = socket;
    this.in = in;
    this.status = status;
    this.headers = headers;
    this.body = body;
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
    int status;
    Map<String, String> read = new LinkedHashMap<>();
    do {
      read.clear();
      status = status(in);
      readHeaders(in, read);
    } while (status == 100 || status == 103);
    socket.setSoTimeout(0);
    return new Exchange(socket, in, status, read, body(in, status, read));
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

  private static int status(InputStream in) throws IOException {
    String line = line(in, HEAD_BYTES_MAX);
    if (!line.matches("HTTP/1\\.[01] [1-5][0-9]{2}( .*)?")) {
      throw new IOException("that is no HTTP answer");
    }
    return Integer.parseInt(line.substring(9, 12));
  }

  private static void readHeaders(InputStream in, Map<String, String> headers) throws IOException {
    int bytes = 0;
    for (String line = line(in, HEAD_BYTES_MAX); !line.isEmpty(); line = line(in, HEAD_BYTES_MAX)) {
      bytes += line.length();
      int colon = line.indexOf(':');
      if (bytes > HEAD_BYTES_MAX || colon < 1) {
        throw new IOException("the head of the answer is too long or broken");
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      String value = line.substring(colon + 1).strip();
      headers.merge(name, value, (first, second) -> first + ", " + second);
    }
  }

  private static InputStream body(InputStream in, int status, Map<String, String> headers)
      throws IOException {
    String coding = headers.get("transfer-encoding");
    String length = headers.get("content-length");
    String packed = headers.getOrDefault("content-encoding", "identity");
    if (!packed.equalsIgnoreCase("identity") || (coding != null && length != null)) {
      throw new IOException("the answer is packed, or says twice how long it is");
    }
    if (status == 204 || status == 304) {
      return InputStream.nullInputStream();
    }
    if (coding != null) {
      if (!coding.equalsIgnoreCase("chunked")) {
        throw new IOException("the answer is sent in an unknown coding");
      }
      return new Chunks(in);
    }
    if (length == null) {
      return in;
    }
    if (!length.matches("[0-9]{1,15}")) {
      throw new IOException("the answer's length is no number");
    }
    return new Counted(in, Long.parseLong(length));
  }

  int status() {
    return status;
  }

  @Nullable String header(String name) {
    return headers.get(name);
  }

  /** To the end of the answer; the reader bounds it. */
  InputStream body() {
    return body;
  }

  /** The whole answer as text. */
  String text(int bytesMax) throws IOException {
    byte[] bytes = body.readNBytes(bytesMax + 1);
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

  private static String line(InputStream in, int bytesMax) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the connection ended before the answer did");
      }
      if (line.length() >= bytesMax) {
        throw new IOException("a line of the answer's head is too long");
      }
      line.append((char) c);
    }
    int last = line.length() - 1;
    return last >= 0 && line.charAt(last) == '\r' ? line.substring(0, last) : line.toString();
  }

  /** So many bytes, and an error if there are fewer. */
  private static final class Counted extends InputStream {
    private final InputStream in;
    private long left;

    Counted(InputStream in, long left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = in.read(into, offset, (int) Math.min(length, left));
      if (n < 0) {
        throw new EOFException("the connection ended before the answer did");
      }
      left -= n;
      return n;
    }
  }

  /** Chunked coding. */
  private static final class Chunks extends InputStream {
    private final InputStream in;
    private long left;
    private boolean first = true;
    private boolean ended;

    Chunks(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (left == 0 && !ended) {
        next();
      }
      if (ended) {
        return -1;
      }
      int n = in.read(into, offset, (int) Math.min(length, left));
      if (n < 0) {
        throw new EOFException("the connection ended before the answer did");
      }
      left -= n;
      return n;
    }

    private void next() throws IOException {
      if (!first) {
        line(in, 2);
      }
      first = false;
      String size = line(in, CHUNK_LINE_MAX).split(";", 2)[0].strip();
      if (!size.matches("[0-9A-Fa-f]{1,12}")) {
        throw new IOException("a chunk of the answer has no size");
      }
      left = Long.parseLong(size, 16);
      ended = left == 0;
    }
  }
}
