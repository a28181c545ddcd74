package dev.helm.service.ledger;

import dev.helm.api.Secret;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger on a unix socket, one JSON object a line, for the one key proxy. A proxy that shows
 * the secret takes the place of the one before it.
 */
public final class LedgerSocket implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerSocket.class);
  private static final int BACKLOG = 64;
  private static final int CONNECTIONS_MAX = 16;

  private final Path path;
  private final Secret secret;
  private final Ledger ledger;
  private final ServerSocketChannel server;
  private final Set<LedgerConnection> connections = ConcurrentHashMap.newKeySet();
  private @Nullable LedgerConnection live;

  private LedgerSocket(Path path, Secret secret, Ledger ledger, ServerSocketChannel server) {
    this.path = path;
    this.secret = secret;
    this.ledger = ledger;
    this.server = server;
  }

  /**
   * Starts to listen.
   *
   * @param path the socket's file; what is left there of an earlier life is removed
   * @throws IOException when it cannot listen
   */
  public static LedgerSocket start(Path path, Secret secret, Ledger ledger) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path), BACKLOG);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
    } catch (IOException e) {
      server.close();
      throw e;
    }
    LedgerSocket socket = new LedgerSocket(path, secret, ledger, server);
    Thread.ofPlatform().name("ledger-socket").daemon(true).start(socket::accept);
    return socket;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel channel = server.accept();
        if (connections.size() >= CONNECTIONS_MAX) {
          channel.close();
        } else {
          LedgerConnection connection = new LedgerConnection(channel, this, ledger);
          connections.add(connection);
          connection.start();
        }
      } catch (IOException e) {
        if (server.isOpen()) {
          LOG.warn("cannot accept a connection: {}", e.getMessage());
        }
      }
    }
  }

  Secret secret() {
    return secret;
  }

  /** Makes this connection the one that counts. */
  synchronized void takeOver(LedgerConnection connection) {
    LedgerConnection before = live;
    live = connection;
    if (before != null && before != connection) {
      before.drain();
    }
  }

  /** Whether a key proxy is connected. */
  public synchronized boolean connected() {
    return live != null;
  }

  synchronized void gone(LedgerConnection connection) {
    connections.remove(connection);
    if (live == connection) {
      live = null;
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    connections.forEach(LedgerConnection::close);
    Files.deleteIfExists(path);
  }
}
