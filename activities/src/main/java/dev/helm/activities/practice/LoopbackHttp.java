package dev.helm.activities.practice;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A small HTTP/1.1 server on plain sockets, one virtual thread a connection. It exists because the
 * faults that Helm has to survive (a cut stream, silence, garbage) need the bare connection.
 */
final class LoopbackHttp implements AutoCloseable {
  /** Longest time a connection may be silent between two requests, or inside one. */
  private static final int IDLE_MS = 120_000;

  /** Answers one request. A stream that is not ended when this returns is cut. */
  @FunctionalInterface
  interface Handler {
    void handle(HttpRequest request, HttpReply reply) throws IOException;
  }

  private final ServerSocket listener;
  private final int bodyCapBytes;
  private final Handler handler;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private LoopbackHttp(ServerSocket listener, int bodyCapBytes, Handler handler) {
    this.listener = listener;
    this.bodyCapBytes = bodyCapBytes;
    this.handler = handler;
  }

  /** Starts to accept on a socket that is already bound; it is closed with this server. */
  static LoopbackHttp start(ServerSocket listener, int bodyCapBytes, Handler handler) {
    if (!listener.getInetAddress().isLoopbackAddress()) {
      throw new IllegalArgumentException("this server listens on loopback only");
    }
    LoopbackHttp server = new LoopbackHttp(listener, bodyCapBytes, handler);
    Thread.ofPlatform().name("practice-accept").start(server::acceptAll);
    return server;
  }

  int port() {
    return listener.getLocalPort();
  }

  private void acceptAll() {
    while (!closed) {
      try {
        Socket socket = listener.accept();
        open.add(socket);
        Thread.ofVirtual().name("practice-connection").start(() -> serve(socket));
      } catch (SocketException e) {
        if (!closed) {
          throw new UncheckedIOException(e);
        }
      } catch (IOException e) {
        System.err.println("practice: a connection could not be accepted: " + e.getMessage());
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(IDLE_MS);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 16_384);
      boolean again = true;
      while (again && !closed) {
        again = serveOne(socket, in);
      }
    } catch (IOException e) {
      // The peer left or never spoke HTTP: there is nobody to tell.
    } finally {
      open.remove(socket);
    }
  }

  private boolean serveOne(Socket socket, InputStream in) throws IOException {
    HttpReply reply = new HttpReply(socket);
    try {
      HttpRequest request = HttpRequest.read(in, bodyCapBytes, reply);
      if (request == null) {
        return false;
      }
      handler.handle(request, reply);
      return reply.finished() && request.keepAlive();
    } catch (BadHttp e) {
      reply.send(e.status(), Map.of("connection", "close"), e.body());
      drain(socket, in);
      return false;
    }
  }

  /** Without this a client that still sends would see a reset instead of the answer. */
  private static void drain(Socket socket, InputStream in) throws IOException {
    socket.setSoTimeout(2_000);
    byte[] buffer = new byte[65_536];
    long left = 128L << 20;
    for (int n = in.read(buffer); n > 0 && left > 0; n = in.read(buffer)) {
      left -= n;
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
