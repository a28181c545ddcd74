package dev.helm.keyproxy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The positive control: a reverse proxy as it is written in an hour. It puts the real key in place
 * of the token and passes everything on, and ends every answer in order.
 */
final class NaiveProxy implements AutoCloseable {
  private static final int IDLE_MS = 700;
  private final ServerSocket server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
  private final int upstream;

  NaiveProxy(int upstream) throws IOException {
    this.upstream = upstream;
    Thread.ofVirtual().start(this::acceptForEver);
  }

  int port() {
    return server.getLocalPort();
  }

  private void acceptForEver() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket above = new Socket(InetAddress.getLoopbackAddress(), upstream)) {
      above.setSoTimeout(IDLE_MS);
      Thread.ofVirtual().start(() -> request(client, above));
      answer(new BufferedInputStream(above.getInputStream()), client.getOutputStream());
    } catch (IOException | NumberFormatException e) {
      // One side has left, or sent what even this one cannot read.
    }
  }

  private static void request(Socket client, Socket above) {
    try {
      byte[] buffer = new byte[1 << 17];
      int count = client.getInputStream().read(buffer);
      String text = new String(buffer, 0, Math.max(count, 0), StandardCharsets.ISO_8859_1);
      String withKey =
          text.contains("run-token")
              ? text.replace("run-token", Rig.KEY)
              : text.replaceFirst("\n|$", "\nx-api-key: " + Rig.KEY + "\r\n");
      above.getOutputStream().write(withKey.getBytes(StandardCharsets.ISO_8859_1));
      client.getInputStream().transferTo(above.getOutputStream());
    } catch (IOException e) {
      // One side has left.
    }
  }

  private static void answer(InputStream in, OutputStream out) throws IOException {
    StringBuilder kept = new StringBuilder();
    boolean chunked = false;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      String lower = line.toLowerCase(Locale.ROOT);
      chunked |= lower.startsWith("transfer-encoding:");
      if (!lower.startsWith("content-length:") && !lower.startsWith("transfer-encoding:")) {
        kept.append(line).append("\r\n");
      }
    }
    out.write(Sse.bytes(kept + "transfer-encoding: chunked\r\n\r\n"));
    try {
      body(in, out, chunked);
    } finally {
      out.write(Sse.bytes("0\r\n\r\n"));
    }
  }

  private static void body(InputStream in, OutputStream out, boolean chunked) throws IOException {
    byte[] buffer = new byte[8192];
    int left = 0;
    while (true) {
      if (chunked && left == 0) {
        left = Integer.parseInt(line(in).replaceFirst(";.*", ""), 16);
      }
      int count = in.read(buffer, 0, chunked ? Math.min(left, buffer.length) : buffer.length);
      if (count <= 0) {
        return;
      }
      out.write(Sse.chunk(buffer, 0, count));
      left -= count;
      if (chunked && left == 0) {
        line(in);
      }
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n' && c >= 0; c = in.read()) {
      line.append((char) c);
    }
    return line.toString().stripTrailing();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
