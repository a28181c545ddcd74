package dev.helm.service.store;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.WellFormed;
import java.sql.SQLException;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The audit log in a table. */
final class SqliteAudit implements AuditStore {
  private final LogWriter writer;
  private final ReadPool reads;
  private volatile LongConsumer listener = _ -> {};

  SqliteAudit(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  /** Where a chain's events are: of a run, or the audit log. */
  record Source(@Nullable String run) {
    static Source of(String run) {
      return new Source(run.equals(Checkpoint.AUDIT) ? null : run);
    }

    String where() {
      return run == null ? "audit WHERE TRUE" : "events WHERE run = ?";
    }

    @Nullable Object[] values(@Nullable Object... more) {
      if (run == null) {
        return more;
      }
      @Nullable Object[] all = new @Nullable Object[more.length + 1];
      all[0] = run;
      System.arraycopy(more, 0, all, 1, more.length);
      return all;
    }
  }

  @Override
  public void append(Entry entry) {
    String json = json(entry);
    String who = WellFormed.text(entry.who());
    writer.write(tx -> append(tx, entry, who, json));
  }

  @Override
  public void append(Tx tx, Entry entry) throws SQLException {
    append(tx, entry, WellFormed.text(entry.who()), json(entry));
  }

  private static String json(Entry entry) {
    TreeMap<String, Object> data = new TreeMap<>();
    entry
        .data()
        .forEach(
            (name, value) ->
                data.put(name, value instanceof String s ? WellFormed.text(s) : value));
    return CanonicalJson.write(data);
  }

  private long append(Tx tx, Entry entry, String who, String json) throws SQLException {
    Statements sql = tx.sql();
    if (sql.number("SELECT 1 FROM audit WHERE key = ?", 0, entry.key()) == 1) {
      return 0;
    }
    CheckpointStore.Place head =
        sql.one(
            "SELECT seq, hash, at FROM audit ORDER BY seq DESC LIMIT 1",
            row -> new CheckpointStore.Place(row.getLong(1), row.getString(2), row.getString(3)));
    long seq = head == null ? 1 : head.seq() + 1;
    String prev = head == null ? LoggedEvent.NO_PREV : head.hash();
    String at = head != null && tx.now().compareTo(head.at()) < 0 ? head.at() : tx.now();
    String type = entry.type().word();
    String hash = EventJson.hash(Checkpoint.AUDIT, seq, at, type, who, json, prev);
    sql.update(
        "INSERT INTO audit (seq, at, type, agent, key, data, prev, hash)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        at,
        type,
        who,
        entry.key(),
        json,
        prev,
        hash);
    tx.head(Checkpoint.AUDIT, new Head(seq, hash, at, false, 1, ""));
    tx.afterCommit(() -> listener.accept(seq));
    return seq;
  }

  @Override
  public List<LoggedEvent> page(Wanted wanted) {
    String types = String.join(",", wanted.actions());
    boolean back = wanted.before() > 0;
    List<LoggedEvent> found =
        reads.read(
            sql ->
                sql.list(
                    "SELECT seq AS pos, '"
                        + Checkpoint.AUDIT
                        + "', seq, at, type, agent, data, prev, hash FROM audit WHERE seq "
                        + (back ? "< ?" : "> ?")
                        + " AND (? = '' OR agent = ?)"
                        + " AND (? = '' OR instr(',' || ? || ',', ',' || type || ',') > 0)"
                        + " ORDER BY seq "
                        + (back ? "DESC" : "ASC")
                        + " LIMIT ?",
                    EventJson::logged,
                    back ? wanted.before() : wanted.after(),
                    wanted.who(),
                    wanted.who(),
                    types,
                    types,
                    wanted.limit()));
    return back ? found.reversed() : found;
  }

  @Override
  public void onAppend(LongConsumer added) {
    listener = added;
  }
}
