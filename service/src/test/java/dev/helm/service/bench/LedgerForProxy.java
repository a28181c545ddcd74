package dev.helm.service.bench;

import dev.helm.api.Secret;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.LedgerSocket;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/** The service's real ledger in a folder of its own, with one run that may spend a lot. */
final class LedgerForProxy implements AutoCloseable {
  private static final String SECRET = "5".repeat(64);
  private static final long CAP_MICROS = 1_000_000_000_000L;

  final Path socketFile;
  final Path secretFile;
  final String token;
  private final Path folder;
  private final Path door;
  private final Store store;
  private final LedgerSocket socket;

  private LedgerForProxy(Path folder) throws IOException {
    this.folder = folder;
    // A socket's path has a fixed room.
    this.door = Files.createTempDirectory("hl");
    this.socketFile = door.resolve("l.sock");
    this.secretFile = Files.writeString(folder.resolve("secret"), SECRET);
    this.store = Store.open(folder, Clock.systemUTC());
    this.socket =
        LedgerSocket.start(
            socketFile, Secret.of(SECRET), new Ledger(store, PriceTable.load(folder)));
    this.token = store.runs().modelToken(StoreFixture.run(store, CAP_MICROS), 1).reveal();
  }

  /** Where the disk of the checkout is, so that a commit costs what it costs there. */
  static LedgerForProxy open(Path checkout) throws IOException {
    Path below = Files.createDirectories(checkout.resolve("target/helm/bench"));
    return new LedgerForProxy(Files.createTempDirectory(below, "l"));
  }

  @Override
  public void close() throws IOException {
    socket.close();
    store.close();
    Folders.delete(folder);
    Folders.delete(door);
  }
}
