package dev.helm.service.store;

import dev.helm.api.Secret;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Slots in a table. */
final class SqliteSlots implements SlotStore {
  private static final String COLUMNS =
      "SELECT slot, run, container_id, started_at, secret FROM slots ";

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteSlots(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public void put(Slot slot) {
    Secret secret = slot.secret();
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO slots (slot, run, container_id, started_at, secret)"
                        + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (slot) DO UPDATE SET"
                        + " run = excluded.run, container_id = excluded.container_id,"
                        + " started_at = excluded.started_at, secret = excluded.secret",
                    slot.slot(),
                    slot.run(),
                    slot.containerId(),
                    slot.startedAt(),
                    secret == null ? null : secret.reveal()));
  }

  @Override
  public @Nullable Slot bySlot(String slot) {
    return reads.read(sql -> sql.one(COLUMNS + "WHERE slot = ?", SqliteSlots::slot, slot));
  }

  @Override
  public @Nullable Slot byRun(String run) {
    return reads.read(
        sql ->
            sql.one(
                COLUMNS + "WHERE run = ? ORDER BY started_at DESC LIMIT 1",
                SqliteSlots::slot,
                run));
  }

  @Override
  public List<Slot> list() {
    return reads.read(
        sql -> sql.list(COLUMNS + "ORDER BY started_at LIMIT 10000", SqliteSlots::slot));
  }

  @Override
  public boolean remove(String slot) {
    return writer.write(tx -> tx.sql().update("DELETE FROM slots WHERE slot = ?", slot) == 1);
  }

  private static Slot slot(ResultSet row) throws SQLException {
    String secret = row.getString(5);
    return new Slot(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        secret == null ? null : Secret.of(secret));
  }
}
