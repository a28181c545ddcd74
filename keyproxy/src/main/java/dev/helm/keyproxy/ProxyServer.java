package dev.helm.keyproxy;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** All parts of the proxy put together, on sockets that are open. */
final class ProxyServer implements AutoCloseable {
  private static final long LAST_WORDS_MS = 1_500;
  private static final long BODY_MEMORY_WAIT_MS = 3_000;

  private final Watchdog watchdog = new Watchdog();
  private final LedgerClient ledger;
  private final Upstream upstream;
  private final List<Listener> listeners = new ArrayList<>();

  private ProxyServer(
      Options options, String secret, @Nullable SSLSocketFactory tls, Limits limits, CallLog log) {
    ledger =
        new LedgerClient(options.ledger(), Call.newId(), secret, watchdog, limits.ledger(), log);
    upstream = new Upstream(options.upstream(), tls, limits, watchdog);
  }

  /** Binds all addresses and starts to dial the ledger. */
  static ProxyServer open(
      Options options, ModelKey key, @Nullable SSLSocketFactory tls, Limits limits, CallLog log)
      throws IOException, StartException {
    ProxyServer server = new ProxyServer(options, options.readSecret(), tls, limits, log);
    BodyMemory memory = BodyMemory.ofThisJvm(BODY_MEMORY_WAIT_MS);
    Relay relay = new Relay(server.ledger, server.upstream, key, memory, limits, log);
    Semaphore connections = new Semaphore(limits.sizes().connections());
    try {
      for (SocketAddress address : options.listen()) {
        server.listeners.add(
            Listener.open(
                address,
                connections,
                server.watchdog,
                wire -> new ClientConnection(wire, relay, memory, limits, server.watchdog, log)));
      }
    } catch (IOException e) {
      server.close();
      throw e;
    }
    server.ledger.start();
    return server;
  }

  boolean awaitLedger(long timeoutMs) throws InterruptedException {
    return ledger.awaitHello(timeoutMs);
  }

  LedgerClient ledger() {
    return ledger;
  }

  void warm() {
    upstream.warm();
  }

  /** The TCP port of the first listener. */
  int port() throws IOException {
    return listeners.getFirst().port();
  }

  /** Takes no more clients, and gives the ledger a moment to acknowledge what has ended. */
  void stop() throws InterruptedException {
    listeners.forEach(Listener::close);
    long dueNanos = System.nanoTime() + LAST_WORDS_MS * 1_000_000;
    while (ledger.openClosings() > 0 && System.nanoTime() - dueNanos < 0) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  @Override
  public void close() {
    listeners.forEach(Listener::close);
    ledger.close();
    upstream.close();
    watchdog.close();
  }
}
