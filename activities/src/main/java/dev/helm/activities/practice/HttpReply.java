package dev.helm.activities.practice;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** One answer: whole, or as a chunked stream that is flushed at every piece. */
final class HttpReply {
  private static final Map<Integer, String> WORDS =
      Map.ofEntries(
          Map.entry(200, "OK"),
          Map.entry(400, "Bad Request"),
          Map.entry(401, "Unauthorized"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(413, "Payload Too Large"),
          Map.entry(421, "Misdirected Request"),
          Map.entry(429, "Too Many Requests"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(529, "Overloaded"));

  private final Socket socket;
  private boolean finished;

  HttpReply(Socket socket) {
    this.socket = socket;
  }

  /** The connection may carry another request. */
  boolean finished() {
    return finished;
  }

  Socket socket() {
    return socket;
  }

  void goOn() throws IOException {
    raw("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
  }

  void send(int status, Map<String, String> headers, byte[] body) throws IOException {
    StringBuilder head = head(status, headers);
    head.append("content-length: ").append(body.length).append("\r\n\r\n");
    byte[] start = head.toString().getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[start.length + body.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(body, 0, all, start.length, body.length);
    raw(all);
    finished = true;
  }

  void beginStream(Map<String, String> headers) throws IOException {
    StringBuilder head = head(200, headers).append("transfer-encoding: chunked\r\n\r\n");
    raw(head.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  void piece(byte[] bytes) throws IOException {
    byte[] size = (Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    byte[] all = new byte[size.length + bytes.length + 2];
    System.arraycopy(size, 0, all, 0, size.length);
    System.arraycopy(bytes, 0, all, size.length, bytes.length);
    all[all.length - 2] = '\r';
    all[all.length - 1] = '\n';
    raw(all);
  }

  void endStream() throws IOException {
    raw("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    finished = true;
  }

  private void raw(byte[] bytes) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    out.flush();
  }

  private static StringBuilder head(int status, Map<String, String> headers) {
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(status).append(' ');
    head.append(WORDS.getOrDefault(status, "Status")).append("\r\n");
    headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    return head;
  }
}
