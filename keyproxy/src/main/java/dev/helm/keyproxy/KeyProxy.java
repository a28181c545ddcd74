package dev.helm.keyproxy;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * The key proxy's process. It reads the model key from standard input, listens, greets the ledger,
 * and prints one line {@code ready}. Exit codes: 2 for a wrong command line, key or secret, 1 for
 * an address that cannot be bound.
 */
public final class KeyProxy {
  private KeyProxy() {}

  /** Runs until the process is stopped. */
  public static void main(String[] args) throws InterruptedException {
    CallLog log = new CallLog(System.err);
    try {
      Options options = Options.parse(args);
      ModelKey key = takeKey();
      ProxyServer server = ProxyServer.open(options, key, tls(options), Limits.standard(), log);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
      Thread.ofVirtual().start(server::warm);
      while (!server.awaitLedger(TimeUnit.MINUTES.toMillis(1))) {
        log.note("still no ledger; all calls are refused until it is there");
      }
      System.out.println("ready");
      Thread.currentThread().join();
    } catch (StartException e) {
      log.note(String.valueOf(e.getMessage()));
      System.exit(2);
    } catch (IOException e) {
      log.note("cannot listen: " + e.getMessage());
      System.exit(1);
    }
  }

  // Standard input is closed so that the key can be read neither twice nor by anyone else.
  private static ModelKey takeKey() throws IOException, StartException {
    Seclusion.checkKeyFile();
    Seclusion.enter();
    try (InputStream in = System.in) {
      return ModelKey.read(in);
    }
  }

  private static @Nullable SSLSocketFactory tls(Options options) {
    return options.upstream().tls() ? (SSLSocketFactory) SSLSocketFactory.getDefault() : null;
  }

  private static void stop(ProxyServer server) {
    try {
      server.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
