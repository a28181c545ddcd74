package dev.helm.activities.foreign;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 on one connection of a program, as small as Helm's MCP endpoint needs it. All that is
 * read is hostile and bounded. One reader at a time; writing beside it is allowed.
 */
final class HttpWire {
  static final int HEAD_BYTES_MAX = 16 << 10;
  static final int BODY_BYTES_MAX = 4 << 20;

  private final SocketChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(HEAD_BYTES_MAX).flip();

  HttpWire(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * A request.
   *
   * @param headers by lower-case name
   */
  record Request(String method, String path, Map<String, String> headers, byte[] body) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }

    boolean keepAlive() {
      return !header("connection").toLowerCase(Locale.ROOT).contains("close");
    }
  }

  /** A request that cannot be answered but with this status; the connection ends with it. */
  static final class Bad extends IOException {
    private static final long serialVersionUID = 1;

    final int status;

    Bad(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  /**
   * The next request, or null when the connection ends between two of them.
   *
   * @param known whose body is kept, by the headers; that of anyone else is read and dropped
   */
  @Nullable Request read(Predicate<Map<String, String>> known) throws IOException {
    String first = line(true);
    if (first == null) {
      return null;
    }
    String[] parts = first.split(" ", -1);
    if (parts.length != 3 || !parts[2].startsWith("HTTP/1.")) {
      throw new Bad(400, "this is no HTTP/1.1 request");
    }
    Map<String, String> headers = new TreeMap<>();
    int bytes = first.length();
    for (String line = mustLine(); !line.isEmpty(); line = mustLine()) {
      bytes += line.length();
      int colon = line.indexOf(':');
      if (colon <= 0 || bytes > HEAD_BYTES_MAX) {
        throw new Bad(431, "the request's head is longer than " + HEAD_BYTES_MAX + " bytes");
      }
      headers.merge(
          line.substring(0, colon).toLowerCase(Locale.ROOT),
          line.substring(colon + 1).strip(),
          (one, other) -> one + ", " + other);
    }
    int query = parts[1].indexOf('?');
    return new Request(
        parts[0],
        query < 0 ? parts[1] : parts[1].substring(0, query),
        headers,
        body(headers, known.test(headers)));
  }

  private byte[] body(Map<String, String> headers, boolean keep) throws IOException {
    if ("100-continue".equalsIgnoreCase(headers.get("expect"))
        && length(headers) <= BODY_BYTES_MAX) {
      write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    if (headers.containsKey("transfer-encoding")) {
      if (!headers.get("transfer-encoding").equalsIgnoreCase("chunked")
          || headers.containsKey("content-length")) {
        throw new Bad(400, "the request has a transfer encoding other than chunked alone");
      }
      return chunked(keep);
    }
    long length = length(headers);
    tooLarge(length);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    fully(body, (int) length, keep);
    return body.toByteArray();
  }

  private static long length(Map<String, String> headers) throws Bad {
    String length = headers.getOrDefault("content-length", "0");
    if (!length.matches("[0-9]{1,15}")) {
      throw new Bad(400, "the content-length is no number");
    }
    return Long.parseLong(length);
  }

  private static void tooLarge(long bytes) throws Bad {
    if (bytes > BODY_BYTES_MAX) {
      throw new Bad(413, "a request has at most " + BODY_BYTES_MAX + " bytes");
    }
  }

  private byte[] chunked(boolean keep) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    long bytes = 0;
    while (true) {
      String size = mustLine().split(";", 2)[0].strip();
      if (!size.matches("[0-9A-Fa-f]{1,8}")) {
        throw new Bad(400, "a chunk has no size");
      }
      long length = Long.parseLong(size, 16);
      if (length == 0) {
        int trailers = 0;
        while (!mustLine().isEmpty()) {
          if (++trailers > 32) {
            throw new Bad(400, "too many trailers");
          }
        }
        return body.toByteArray();
      }
      bytes += length;
      tooLarge(bytes);
      fully(body, (int) length, keep);
      if (!mustLine().isEmpty()) {
        throw new Bad(400, "a chunk is longer than it says");
      }
    }
  }

  private String mustLine() throws IOException {
    String line = line(false);
    if (line == null) {
      throw new EOFException("the connection ended within a request");
    }
    return line;
  }

  /** A line without its end; null when the connection ends before it begins. */
  private @Nullable String line(boolean mayEnd) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      if (!buffer.hasRemaining() && !fill()) {
        if (line.isEmpty() && mayEnd) {
          return null;
        }
        throw new EOFException("the connection ended within a request");
      }
      char c = (char) (buffer.get() & 0xff);
      if (c == '\n') {
        int end = line.length();
        return end > 0 && line.charAt(end - 1) == '\r'
            ? line.substring(0, end - 1)
            : line.toString();
      }
      line.append(c);
      if (line.length() > HEAD_BYTES_MAX) {
        throw new Bad(431, "a line is longer than " + HEAD_BYTES_MAX + " bytes");
      }
    }
  }

  /** Grows with what has come, not with what was promised. */
  private void fully(ByteArrayOutputStream target, int length, boolean keep) throws IOException {
    int at = 0;
    while (at < length) {
      if (!buffer.hasRemaining() && !fill()) {
        throw new EOFException("the connection ended within a request");
      }
      int part = Math.min(buffer.remaining(), length - at);
      if (keep) {
        target.write(buffer.array(), buffer.arrayOffset() + buffer.position(), part);
      }
      buffer.position(buffer.position() + part);
      at += part;
    }
  }

  private boolean fill() throws IOException {
    buffer.clear();
    try {
      int read = channel.read(buffer);
      buffer.flip();
      return read > 0;
    } catch (IOException e) {
      buffer.flip();
      throw e;
    }
  }

  /**
   * Waits until the program sends more, which stays for the next request, or closes its side.
   *
   * @return whether it is still there
   */
  boolean awaitsMore() {
    try {
      return buffer.hasRemaining() || fill();
    } catch (IOException e) {
      return false;
    }
  }

  synchronized void write(byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  /** A whole answer. {@code extra}: header lines, each with its end. */
  void answer(int status, String type, String extra, byte[] body) throws IOException {
    write(
        ("HTTP/1.1 "
                + status
                + " "
                + reason(status)
                + "\r\n"
                + (type.isEmpty() ? "" : "Content-Type: " + type + "\r\n")
                + extra
                + "Content-Length: "
                + body.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    write(body);
  }

  /** The head of an answer that comes in pieces. */
  void begin(String type) throws IOException {
    write(
        ("HTTP/1.1 200 OK\r\nContent-Type: "
                + type
                + "\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  void piece(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream chunk = new ByteArrayOutputStream(bytes.length + 16);
    chunk.writeBytes(
        (Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    chunk.writeBytes(bytes);
    chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    write(chunk.toByteArray());
  }

  void end() throws IOException {
    write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private static String reason(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 202 -> "Accepted";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 431 -> "Request Header Fields Too Large";
      default -> "Error";
    };
  }
}
