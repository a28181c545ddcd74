package dev.helm.service.rest;

import dev.helm.service.auth.ClientAddress;
import dev.helm.service.auth.Front;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;

/** Bounds how many connections there are, and how long a client may take to say what it wants. */
public final class ConnectionGuard implements Connection.Listener, AutoCloseable {
  /** Most connections at once. */
  static final int CONNECTIONS_MAX = 2_500;

  /** Most connections of one address at once, but for trusted proxies. */
  static final int ADDRESS_CONNECTIONS_MAX = 1_000;

  /** How long the head of a request may take, in milliseconds. */
  static final long HEAD_MS_MAX = 10_000;

  private static final long SWEEP_MS = 1_000;

  private final Front front;
  private final Map<EndPoint, Watched> open = new ConcurrentHashMap<>();
  private final Map<String, Integer> byAddress = new ConcurrentHashMap<>();
  private final ScheduledExecutorService sweeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("connection-guard").factory());

  /** With what says which addresses are trusted proxies. */
  public ConnectionGuard(Front front) {
    this.front = front;
  }

  /** Watches the connector of this port; call it when the server listens. */
  public void watch(Server server, int port) {
    for (var connector : server.getConnectors()) {
      if (connector instanceof ServerConnector http && http.getLocalPort() == port) {
        http.addBean(this);
      }
    }
    var unused =
        sweeper.scheduleWithFixedDelay(this::sweep, SWEEP_MS, SWEEP_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onOpened(Connection connection) {
    EndPoint end = connection.getEndPoint();
    InetAddress address =
        end.getRemoteSocketAddress() instanceof InetSocketAddress socket
            ? socket.getAddress()
            : InetAddress.getLoopbackAddress();
    // A socket that becomes a WebSocket opens twice.
    if (open.putIfAbsent(end, new Watched(address)) != null) {
      return;
    }
    int held = byAddress.merge(key(address), 1, Integer::sum);
    // Attack: one client opens connections until nobody else gets one.
    boolean tooMany = held > ADDRESS_CONNECTIONS_MAX && !front.trusts(address);
    if (tooMany || open.size() > CONNECTIONS_MAX) {
      forget(end);
      end.close();
    }
  }

  @Override
  public void onClosed(Connection connection) {
    if (!connection.getEndPoint().isOpen()) {
      forget(connection.getEndPoint());
    }
  }

  /** Attack: one client comes from all addresses of its IPv6 network. Local programs stay apart. */
  static String key(InetAddress address) {
    return address.isLoopbackAddress()
        ? address.getHostAddress()
        : ClientAddress.of(address, false, false).key();
  }

  private void forget(EndPoint end) {
    Watched gone = open.remove(end);
    if (gone != null) {
      byAddress.computeIfPresent(key(gone.address), (_, held) -> held > 1 ? held - 1 : null);
    }
  }

  private void sweep() {
    open.forEach(
        (end, watched) -> {
          if (!end.isOpen()) {
            forget(end);
          } else if (end.getConnection() instanceof HttpConnection http && watched.tooSlow(http)) {
            end.close();
          }
        });
  }

  @Override
  public void close() {
    sweeper.shutdownNow();
  }

  /** One connection, seen by the sweeper alone. */
  private static final class Watched {
    final InetAddress address;
    private long requests;
    private long headSinceMs = now();

    Watched(InetAddress address) {
      this.address = address;
    }

    /** Attack: the head of a request comes byte by byte, each before the idle time-out. */
    boolean tooSlow(HttpConnection http) {
      HttpParser parser = http.getParser();
      long in = http.getMessagesIn();
      boolean inHead = parser.inHeaderState() && (in == 0 || !parser.isStart());
      if (in != requests || !inHead) {
        requests = in;
        headSinceMs = now();
      }
      return now() - headSinceMs > HEAD_MS_MAX;
    }

    private static long now() {
      return System.nanoTime() / 1_000_000;
    }
  }
}
