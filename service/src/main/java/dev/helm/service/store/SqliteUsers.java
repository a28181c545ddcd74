package dev.helm.service.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.workflows.HelmJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** People in a table. */
final class SqliteUsers implements UserStore {
  private static final int ADDRESSES_MAX = 32;
  private static final Duration ADDRESS_KEPT = Duration.ofDays(30);
  private static final String COLUMNS =
      "SELECT id, name, password_hash, once_until_ms, version, disabled, roles, created_at"
          + " FROM users ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;

  SqliteUsers(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.reads = reads;
    this.clock = clock;
  }

  @Override
  public @Nullable User create(
      String name, String passwordHash, @Nullable Long onceUntilMs, Roles roles) {
    String id = RunId.random().value();
    return writer.change(
        tx -> {
          int added =
              tx.sql()
                  .update(
                      "INSERT INTO users (id, name, password_hash, once_until_ms, roles, created_at)"
                          + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                      id,
                      name,
                      passwordHash,
                      onceUntilMs,
                      HelmJson.write(roles.byProject()),
                      tx.now());
          return added == 1
              ? new User(id, name, passwordHash, onceUntilMs, 1, false, roles, tx.now())
              : null;
        });
  }

  @Override
  public @Nullable User byName(String name) {
    return reads.read(sql -> sql.one(COLUMNS + "WHERE name = ?", SqliteUsers::user, name));
  }

  @Override
  public @Nullable User byId(String id) {
    return reads.read(sql -> byId(sql, id));
  }

  private static @Nullable User byId(Statements sql, String id) throws SQLException {
    return sql.one(COLUMNS + "WHERE id = ?", SqliteUsers::user, id);
  }

  @Override
  public @Nullable User change(String id, UnaryOperator<User> change) {
    return writer.change(
        tx -> {
          User before = byId(tx.sql(), id);
          if (before == null) {
            return null;
          }
          User after = change.apply(before);
          tx.sql()
              .update(
                  "UPDATE users SET password_hash = ?, once_until_ms = ?, version = ?,"
                      + " disabled = ?, roles = ? WHERE id = ?",
                  after.passwordHash(),
                  after.onceUntilMs(),
                  after.version(),
                  after.disabled(),
                  HelmJson.write(after.roles().byProject()),
                  id);
          // Attack: a device that a stranger paired outlives the password that was to end it all.
          if (after.version() != before.version()) {
            tx.sql().update("UPDATE devices SET public_key = NULL WHERE person = ?", id);
          }
          if (ownsAll(before) && !ownsAll(after) && noOwner(tx.sql())) {
            throw new LastOwnerException();
          }
          return after;
        });
  }

  private static boolean ownsAll(User user) {
    return !user.disabled() && user.roles().hold(Role.OWNER, Role.EVERYWHERE);
  }

  private static boolean noOwner(Statements sql) throws SQLException {
    return sql.list(COLUMNS + "WHERE disabled = 0", SqliteUsers::user).stream()
        .noneMatch(SqliteUsers::ownsAll);
  }

  @Override
  public List<User> list() {
    return reads.read(sql -> sql.list(COLUMNS + "ORDER BY name LIMIT 10000", SqliteUsers::user));
  }

  @Override
  public void loggedIn(String id, String address) {
    writer.write(
        tx -> {
          tx.sql()
              .update(
                  "INSERT INTO login_addresses (person, address, seen_ms) VALUES (?, ?, ?)"
                      + " ON CONFLICT (person, address) DO UPDATE SET seen_ms = excluded.seen_ms",
                  id,
                  address,
                  clock.millis());
          return tx.sql()
              .update(
                  "DELETE FROM login_addresses WHERE person = ? AND address NOT IN (SELECT address"
                      + " FROM login_addresses WHERE person = ? ORDER BY seen_ms DESC LIMIT ?)",
                  id,
                  id,
                  ADDRESSES_MAX);
        });
  }

  @Override
  public boolean knows(String id, String address) {
    return reads.read(
        sql ->
            sql.number(
                    "SELECT 1 FROM login_addresses WHERE person = ? AND address = ?"
                        + " AND seen_ms > ?",
                    0,
                    id,
                    address,
                    clock.millis() - ADDRESS_KEPT.toMillis())
                == 1);
  }

  private static User user(ResultSet row) throws SQLException {
    long until = row.getLong(4);
    Long onceUntilMs = row.wasNull() ? null : until;
    return new User(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        onceUntilMs,
        row.getInt(5),
        row.getInt(6) == 1,
        roles(row.getString(7)),
        row.getString(8));
  }

  private static Roles roles(String json) {
    try {
      return new Roles(
          HelmJson.mapper().readValue(json, new TypeReference<Map<String, Role>>() {}));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the roles of a user cannot be read", e);
    }
  }
}
