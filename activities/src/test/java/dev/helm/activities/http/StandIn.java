package dev.helm.activities.http;

import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.OperatorTarget;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A plain HTTP server on loopback that keeps what it is sent and answers what a test says. */
public final class StandIn implements AutoCloseable {
  /** Each request's exact text. */
  public final List<String> requests = new CopyOnWriteArrayList<>();

  private final ServerSocket server;
  private volatile Answer answer = (request, out) -> {};

  /** Writes an answer. */
  @FunctionalInterface
  public interface Answer {
    /** With the whole request. */
    void to(String request, OutputStream out) throws Exception;
  }

  public StandIn() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  public StandIn answers(Answer next) {
    answer = next;
    return this;
  }

  public StandIn answers(String next) {
    return answers((request, out) -> out.write(next.getBytes(StandardCharsets.UTF_8)));
  }

  /** As the operator would list it. */
  public OperatorTarget target(String host, int port) {
    return new OperatorTarget(
        HostName.parse(host),
        port,
        OperatorTarget.Protocol.HTTP,
        server.getInetAddress(),
        server.getLocalPort());
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      StringBuilder text = new StringBuilder();
      while (text.indexOf("\r\n\r\n") < 0) {
        int octet = in.read();
        if (octet < 0) {
          return;
        }
        text.append((char) octet);
      }
      int length = 0;
      for (String line : text.toString().split("\r\n")) {
        if (line.startsWith("Content-Length: ")) {
          length = Integer.parseInt(line.substring(16));
        }
      }
      text.append(new String(in.readNBytes(length), StandardCharsets.UTF_8));
      requests.add(text.toString());
      answer.to(text.toString(), socket.getOutputStream());
      socket.getOutputStream().flush();
    } catch (Exception e) {
      // The client is gone.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
