package dev.helm.service.store;

import dev.helm.api.RunId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Devices in a table. */
final class SqliteDevices implements DeviceStore {
  private static final String COLUMNS =
      "SELECT id, person, name, public_key, created_at, seen_ms FROM devices WHERE revoked = 0 ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;

  SqliteDevices(LogWriter writer, ReadPool reads, Clock clock) {
    this.writer = writer;
    this.reads = reads;
    this.clock = clock;
  }

  @Override
  public Device seen(String person, String name) {
    return writer.write(
        tx -> {
          Device known =
              tx.sql()
                  .one(
                      COLUMNS + "AND person = ? AND name = ? ORDER BY created_at LIMIT 1",
                      SqliteDevices::device,
                      person,
                      name);
          String id = known == null ? insert(tx, person, name, null) : known.id();
          touch(tx.sql(), id);
          return Objects.requireNonNull(find(tx.sql(), id));
        });
  }

  @Override
  public @Nullable Device pair(String person, int version, String name, String publicKey) {
    return writer.change(
        tx -> {
          // Attack: a stolen session pairs a device at the moment in which the password changes.
          if (tx.sql().number("SELECT version FROM users WHERE id = ?", 0, person) != version) {
            return null;
          }
          Device known =
              tx.sql()
                  .one(
                      COLUMNS + "AND person = ? AND name = ? AND public_key IS NULL LIMIT 1",
                      SqliteDevices::device,
                      person,
                      name);
          String id = known == null ? insert(tx, person, name, publicKey) : known.id();
          tx.sql().update("UPDATE devices SET public_key = ? WHERE id = ?", publicKey, id);
          return Objects.requireNonNull(find(tx.sql(), id));
        });
  }

  private String insert(Tx tx, String person, String name, @Nullable String publicKey)
      throws SQLException {
    long held =
        tx.sql().number("SELECT count(*) FROM devices WHERE person = ? AND revoked = 0", 0, person);
    if (held >= PERSON_DEVICES_MAX) {
      throw new TooManyException();
    }
    String id = RunId.random().value();
    tx.sql()
        .update(
            "INSERT INTO devices (id, person, name, public_key, created_at, seen_ms)"
                + " VALUES (?, ?, ?, ?, ?, ?)",
            id,
            person,
            name,
            publicKey,
            tx.now(),
            clock.millis());
    return id;
  }

  private void touch(Statements sql, String id) throws SQLException {
    sql.update("UPDATE devices SET seen_ms = ? WHERE id = ?", clock.millis(), id);
  }

  @Override
  public @Nullable Device find(String id) {
    return reads.read(sql -> find(sql, id));
  }

  private static @Nullable Device find(Statements sql, String id) throws SQLException {
    return sql.one(COLUMNS + "AND id = ?", SqliteDevices::device, id);
  }

  @Override
  public List<Device> list(String person) {
    return reads.read(
        sql ->
            sql.list(COLUMNS + "AND person = ? ORDER BY name, id", SqliteDevices::device, person));
  }

  @Override
  public void refreshed(String id) {
    writer.write(
        tx -> {
          touch(tx.sql(), id);
          return true;
        });
  }

  @Override
  public boolean revoke(String id) {
    return writer.change(
        tx ->
            tx.sql().update("UPDATE devices SET revoked = 1 WHERE id = ? AND revoked = 0", id)
                == 1);
  }

  private static Device device(ResultSet row) throws SQLException {
    return new Device(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getLong(6));
  }
}
