package dev.helm.service.store;

import dev.helm.api.Role;
import dev.helm.api.RunId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Service tokens in a table. */
final class SqliteServiceTokens implements ServiceTokenStore {
  private static final String COLUMNS =
      "SELECT id, name, project, role, created_by, created_at, expires_ms FROM service_tokens"
          + " WHERE revoked = 0 AND expires_ms > ? ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;

  SqliteServiceTokens(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.reads = reads;
    this.clock = clock;
  }

  @Override
  public @Nullable ServiceToken create(
      String name, String sha256, String project, Role role, String createdBy, Instant expiresAt) {
    return writer.change(
        tx -> {
          long held =
              tx.sql()
                  .number(
                      "SELECT count(*) FROM service_tokens WHERE revoked = 0 AND expires_ms > ?",
                      0,
                      clock.millis());
          if (held >= TOKENS_MAX) {
            throw new TooManyException();
          }
          String id = RunId.random().value();
          tx.sql()
              .update(
                  "INSERT INTO service_tokens (id, name, sha256, project, role, created_by,"
                      + " created_at, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                      + " ON CONFLICT DO NOTHING",
                  id,
                  name,
                  sha256,
                  project,
                  role.word(),
                  createdBy,
                  tx.now(),
                  expiresAt.toEpochMilli());
          return tx.sql().one(COLUMNS + "AND id = ?", SqliteServiceTokens::token, 0, id);
        });
  }

  @Override
  public @Nullable ServiceToken byHash(String sha256) {
    return one("AND sha256 = ?", sha256);
  }

  @Override
  public @Nullable ServiceToken find(String id) {
    return one("AND id = ?", id);
  }

  private @Nullable ServiceToken one(String where, String value) {
    return reads.read(
        sql -> sql.one(COLUMNS + where, SqliteServiceTokens::token, clock.millis(), value));
  }

  @Override
  public List<ServiceToken> list(Access access) {
    return reads
        .read(
            sql -> sql.list(COLUMNS + "ORDER BY name", SqliteServiceTokens::token, clock.millis()))
        .stream()
        .filter(token -> access.sees(token.project()))
        .toList();
  }

  @Override
  public void revoke(String id) {
    writer.change(
        tx -> tx.sql().update("UPDATE service_tokens SET revoked = 1 WHERE id = ?", id) == 1);
  }

  private static ServiceToken token(ResultSet row) throws SQLException {
    return new ServiceToken(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        Role.of(row.getString(4)),
        row.getString(5),
        row.getString(6),
        row.getLong(7));
  }
}
