package dev.helm.keyproxy;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A client that sends exactly the bytes it is given. */
final class RawClient implements AutoCloseable {
  static final String BODY =
      "{\"model\":\"claude-test-1\",\"max_tokens\":64,\"stream\":true,"
          + "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

  /** An answer; {@code whole} says that it ended as its framing promised. */
  record Answer(int status, String head, byte[] body, boolean whole) {
    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    boolean hasHeader(String line) {
      return head.toLowerCase(Locale.ROOT).contains("\r\n" + line + "\r\n");
    }
  }

  final Socket socket;
  final InputStream in;

  RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(20_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static String post(String body) {
    return post("/v1/messages", "x-api-key: run-token\r\n", body);
  }

  static String post(String target, String headers, String body) {
    return "POST "
        + target
        + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        + headers
        + "content-length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.UTF_8));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /** Sends, and does not mind that the proxy hung up before it took everything. */
  RawClient sendAnyway(byte[] bytes) {
    try {
      return send(bytes);
    } catch (IOException e) {
      return this;
    }
  }

  /** Reads one answer; status 0 if the connection ended without one. */
  Answer read() throws IOException {
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int c = readOrEnd();
      if (c < 0) {
        return new Answer(0, head.toString(), new byte[0], false);
      }
      head.append((char) c);
    }
    String text = head.toString();
    int status = Integer.parseInt(text.substring(9, 12));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    boolean whole = true;
    try {
      body(text, body);
    } catch (EOFException | java.net.SocketException e) {
      whole = false;
    }
    return new Answer(status, text, body.toByteArray(), whole);
  }

  private int readOrEnd() throws IOException {
    try {
      return in.read();
    } catch (java.net.SocketException e) {
      return -1;
    }
  }

  private void body(String head, ByteArrayOutputStream body) throws IOException {
    String lower = head.toLowerCase(Locale.ROOT);
    int length = lower.indexOf("\r\ncontent-length: ");
    if (length >= 0) {
      int count = Integer.parseInt(lower.substring(length + 18, lower.indexOf('\r', length + 2)));
      for (int i = 0; i < count; i++) {
        body.write(byteOrFail());
      }
      return;
    }
    int size = Integer.parseInt(line(), 16);
    while (size > 0) {
      for (int i = 0; i < size; i++) {
        body.write(byteOrFail());
      }
      line();
      size = Integer.parseInt(line(), 16);
    }
    line();
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int c = byteOrFail();
    while (c != '\n') {
      if (c != '\r') {
        line.append((char) c);
      }
      c = byteOrFail();
    }
    return line.toString();
  }

  private int byteOrFail() throws IOException {
    int c = in.read();
    if (c < 0) {
      throw new EOFException();
    }
    return c;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
