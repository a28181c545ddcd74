package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Stands for every server of the world; counts who came and what they said. */
final class Canary implements AutoCloseable {
  private final ServerSocket server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  Canary() throws IOException {
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  int connections() {
    return connections.get();
  }

  long bytes() {
    return bytes.get();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> sing(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void sing(Socket socket) {
    try (socket) {
      bytes.addAndGet(Math.max(0, socket.getInputStream().read(new byte[64 << 10])));
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"
                  .getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // Gone before it said anything.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
