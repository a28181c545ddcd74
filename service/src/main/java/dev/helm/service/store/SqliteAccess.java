package dev.helm.service.store;

import dev.helm.api.RunId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who may come in: people, revoked tokens, used tickets. */
final class SqliteAccess implements UserStore, TokenStore, TicketStore {
  private static final String COLUMNS = "SELECT id, name, password_hash, created_at FROM users ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;
  private final Set<String> revoked = ConcurrentHashMap.newKeySet();

  SqliteAccess(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.reads = reads;
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
  public @Nullable User create(String name, String passwordHash) {
    String id = RunId.random().value();
    return writer.write(
        tx -> {
          int added =
              tx.sql()
                  .update(
                      "INSERT INTO users (id, name, password_hash, created_at)"
                          + " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                      id,
                      name,
                      passwordHash,
                      tx.now());
          return added == 1 ? new User(id, name, passwordHash, tx.now()) : null;
        });
  }

  @Override
  public @Nullable User byName(String name) {
    return reads.read(sql -> sql.one(COLUMNS + "WHERE name = ?", SqliteAccess::user, name));
  }

  @Override
  public @Nullable User byId(String id) {
    return reads.read(sql -> sql.one(COLUMNS + "WHERE id = ?", SqliteAccess::user, id));
  }

  @Override
  public boolean setPasswordHash(String id, String passwordHash) {
    return writer.write(
        tx ->
            tx.sql().update("UPDATE users SET password_hash = ? WHERE id = ?", passwordHash, id)
                == 1);
  }

  @Override
  public List<User> list() {
    return reads.read(sql -> sql.list(COLUMNS + "ORDER BY name LIMIT 10000", SqliteAccess::user));
  }

  private static User user(ResultSet row) throws SQLException {
    return new User(row.getString(1), row.getString(2), row.getString(3), row.getString(4));
  }

  @Override
  public void revoke(String jti, Instant expiresAt) {
    writer.write(
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
