package dev.helm.service.store;

import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What is no longer let in: revoked tokens, used tickets. */
final class SqliteRevoked implements TokenStore, TicketStore {
  private final LogWriter writer;
  private final Clock clock;
  private final Set<String> revoked = ConcurrentHashMap.newKeySet();

  SqliteRevoked(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.clock = clock;
    revoked.addAll(
        reads.read(
            sql ->
                sql.list(
                    "SELECT jti FROM revoked WHERE expires_ms > ?",
                    row -> row.getString(1),
                    clock.millis())));
  }

  @Override
  public void revoke(String jti, Instant expiresAt) {
    writer.change(
        tx -> {
          tx.sql().update("DELETE FROM revoked WHERE expires_ms < ?", clock.millis());
          return tx.sql()
              .update(
                  "INSERT INTO revoked (jti, expires_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                  jti,
                  expiresAt.toEpochMilli());
        });
    revoked.add(jti);
  }

  @Override
  public boolean isRevoked(String jti) {
    return revoked.contains(jti);
  }

  @Override
  public boolean use(String ticketId, Instant expiresAt) {
    return writer.write(
        tx -> {
          tx.sql().update("DELETE FROM tickets WHERE expires_ms < ?", clock.millis());
          return tx.sql()
                  .update(
                      "INSERT INTO tickets (id, expires_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                      ticketId,
                      expiresAt.toEpochMilli())
              == 1;
        });
  }
}
