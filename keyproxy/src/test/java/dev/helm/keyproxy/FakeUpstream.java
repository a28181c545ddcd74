package dev.helm.keyproxy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An upstream whose answers the test writes byte by byte. */
final class FakeUpstream implements AutoCloseable {
  /** A request as it arrived. */
  record Request(String head, byte[] body) {
    boolean hasHeader(String line) {
      return head.toLowerCase(Locale.ROOT)
          .contains("\r\n" + line.toLowerCase(Locale.ROOT) + "\r\n");
    }

    boolean namesHeader(String name) {
      return head.toLowerCase(Locale.ROOT).contains("\r\n" + name + ":");
    }
  }

  /** Answers one request; the connection stays open for the next unless it is closed here. */
  interface Answer {
    void write(Request request, Socket socket, OutputStream out) throws Exception;
  }

  final List<Request> requests = new CopyOnWriteArrayList<>();
  final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger closedByPeer = new AtomicInteger();
  volatile Answer answer;

  /** Accepts and reads nothing. */
  volatile boolean deaf;

  private final ServerSocket server;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  FakeUpstream(Answer answer) throws IOException {
    this(new ServerSocket(0, 200, InetAddress.getLoopbackAddress()), answer);
  }

  FakeUpstream(ServerSocket server, Answer answer) {
    this.server = server;
    this.answer = answer;
    Thread.ofVirtual().start(this::acceptForEver);
  }

  int port() {
    return server.getLocalPort();
  }

  private void acceptForEver() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        sockets.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream(), 65_536);
      boolean first = true;
      while (deaf && !server.isClosed()) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      while (!socket.isClosed()) {
        String head = head(in);
        if (head == null) {
          return;
        }
        if (first) {
          connections.incrementAndGet();
          first = false;
        }
        byte[] body = in.readNBytes(length(head));
        Request request = new Request(head, body);
        requests.add(request);
        answer.write(request, socket, socket.getOutputStream());
      }
    } catch (Exception e) {
      closedByPeer.incrementAndGet();
    }
  }

  /** Waits until the proxy closes the connection, as a silent upstream would notice it. */
  static void awaitClose(Socket socket) throws IOException {
    int read = socket.getInputStream().read();
    throw new IOException("the proxy closed or sent more: " + read);
  }

  private static @Nullable String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder("\r\n");
    while (!head.toString().endsWith("\r\n\r\n") || head.length() < 5) {
      int c = in.read();
      if (c < 0) {
        return null;
      }
      head.append((char) c);
    }
    return head.toString();
  }

  private static int length(String head) {
    for (String line : head.split("\r\n")) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        return Integer.parseInt(line.substring(15).strip());
      }
    }
    return 0;
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
