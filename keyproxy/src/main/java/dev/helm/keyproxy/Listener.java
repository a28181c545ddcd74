package dev.helm.keyproxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/** Accepts clients on one address, each on a thread of its own, at most so many at once. */
final class Listener implements AutoCloseable {
  // A unix socket whose queue is full refuses a connection at once instead of letting it wait.
  private static final int BACKLOG = 1024;
  private static final long ACCEPT_AGAIN_NANOS = 10_000_000;

  private final ServerSocketChannel server;
  private final Semaphore connections;
  private final Watchdog watchdog;
  private final Function<Wire, Runnable> serve;

  private Listener(
      ServerSocketChannel server,
      Semaphore connections,
      Watchdog watchdog,
      Function<Wire, Runnable> serve) {
    this.server = server;
    this.connections = connections;
    this.watchdog = watchdog;
    this.serve = serve;
  }

  /** Binds the address; {@code connections} may be shared by several listeners. */
  static Listener open(
      SocketAddress address,
      Semaphore connections,
      Watchdog watchdog,
      Function<Wire, Runnable> serve)
      throws IOException {
    ServerSocketChannel server =
        address instanceof UnixDomainSocketAddress unix
            ? bindUnix(unix.getPath())
            : bindTcp(address);
    Listener listener = new Listener(server, connections, watchdog, serve);
    Thread.ofPlatform().name("accept").start(listener::acceptForEver);
    return listener;
  }

  private static ServerSocketChannel bindTcp(SocketAddress address) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    try {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      return server.bind(address, BACKLOG);
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  // Anyone who reaches the socket may connect: its directory says who does, and the run's token
  // what it is good for.
  private static ServerSocketChannel bindUnix(Path path) throws IOException {
    deleteIfDead(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path), BACKLOG);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
      return server;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private static void deleteIfDead(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      if (Files.isRegularFile(path) || Files.isDirectory(path)) {
        throw new IOException(path + " is no socket; give another path", e);
      }
      Files.delete(path);
      return;
    }
    throw new IOException("another process listens on " + path);
  }

  /** The bound TCP port, or -1. */
  int port() throws IOException {
    return server.getLocalAddress() instanceof InetSocketAddress tcp ? tcp.getPort() : -1;
  }

  private void acceptForEver() {
    while (server.isOpen()) {
      try {
        SocketChannel channel = server.accept();
        if (!connections.tryAcquire()) {
          channel.close();
          continue;
        }
        Thread.ofVirtual().name("client").start(() -> serve(channel));
      } catch (IOException e) {
        // One failed accept (such as too many open files) must not end the listener.
        LockSupport.parkNanos(ACCEPT_AGAIN_NANOS);
      }
    }
  }

  private void serve(SocketChannel channel) {
    try (Wire wire = Wire.of(channel, watchdog)) {
      if (channel.getRemoteAddress() instanceof InetSocketAddress) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      serve.apply(wire).run();
    } catch (IOException e) {
      // The client left before it was served.
    } finally {
      connections.release();
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      // A listener that cannot be closed is gone.
    }
  }

  /** {@code tcp:HOST:PORT} on loopback, or {@code unix:PATH}. */
  static SocketAddress address(String text) throws StartException {
    if (text.startsWith("unix:") && text.length() > 5) {
      return UnixDomainSocketAddress.of(Path.of(text.substring(5)));
    }
    String host = text.startsWith("tcp:127.0.0.1:") ? "127.0.0.1" : "::1";
    String prefix = host.equals("::1") ? "tcp:[::1]:" : "tcp:127.0.0.1:";
    if (!text.startsWith(prefix) || !text.substring(prefix.length()).matches("[0-9]{1,5}")) {
      throw new StartException("--listen must be tcp:127.0.0.1:PORT, tcp:[::1]:PORT or unix:PATH");
    }
    int port = Integer.parseInt(text.substring(prefix.length()));
    if (port > 65_535) {
      throw new StartException("--listen has a port above 65535");
    }
    return new InetSocketAddress(InetAddress.ofLiteral(host), port);
  }
}
