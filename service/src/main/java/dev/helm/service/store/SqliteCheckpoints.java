package dev.helm.service.store;

import dev.helm.api.bundle.Checkpoint;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checkpoints in a table. */
final class SqliteCheckpoints implements CheckpointStore {
  private static final String COLUMNS = "SELECT n, run, seq, hash, at, key_id, signature";

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteCheckpoints(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public List<KnownKey> keys() {
    return reads.read(
        sql ->
            sql.list(
                "SELECT id, pem, at FROM audit_keys ORDER BY n DESC LIMIT 100",
                row -> new KnownKey(row.getString(1), row.getString(2), row.getString(3))));
  }

  @Override
  public void keep(String id, String pem) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO audit_keys (n, id, pem, at) SELECT"
                        + " coalesce((SELECT max(n) FROM audit_keys), 0) + 1, ?, ?, ?"
                        + " WHERE NOT EXISTS (SELECT 1 FROM audit_keys WHERE id = ?)",
                    id,
                    pem,
                    tx.now(),
                    id));
  }

  @Override
  public @Nullable Place head(String run) {
    SqliteAudit.Source source = SqliteAudit.Source.of(run);
    return reads.read(
        sql ->
            sql.one(
                "SELECT seq, hash, at FROM " + source.where() + " ORDER BY seq DESC LIMIT 1",
                row -> new Place(row.getLong(1), row.getString(2), row.getString(3)),
                source.values()));
  }

  @Override
  public @Nullable Checkpoint last(String run) {
    return reads.read(
        sql ->
            sql.one(
                COLUMNS + " FROM checkpoints WHERE run = ? ORDER BY seq DESC, n DESC LIMIT 1",
                row -> stored(row).checkpoint(),
                run));
  }

  @Override
  public List<Link> links(String run, long afterSeq, int limit) {
    SqliteAudit.Source source = SqliteAudit.Source.of(run);
    return reads.read(
        sql ->
            sql.list(
                "SELECT seq, at, type, agent, data, prev, hash FROM "
                    + source.where()
                    + " AND seq > ? ORDER BY seq LIMIT ?",
                row -> link(run, row),
                source.values(afterSeq, limit)));
  }

  private static Link link(String run, ResultSet row) throws SQLException {
    long seq = row.getLong(1);
    String at = row.getString(2);
    String type = row.getString(3);
    String prev = row.getString(6);
    return new Link(
        seq,
        at,
        type,
        prev,
        row.getString(7),
        EventJson.hash(run, seq, at, type, row.getString(4), row.getString(5), prev));
  }

  @Override
  public void add(List<Checkpoint> checkpoints) {
    writer.write(
        tx -> {
          for (Checkpoint checkpoint : checkpoints) {
            insert(tx.sql(), checkpoint);
          }
          return checkpoints.size();
        });
  }

  private static void insert(Statements sql, Checkpoint c) throws SQLException {
    sql.update(
        "INSERT INTO checkpoints (n, run, seq, hash, at, key_id, signature) SELECT"
            + " coalesce((SELECT max(n) FROM checkpoints), 0) + 1, ?, ?, ?, ?, ?, ? WHERE NOT"
            + " EXISTS (SELECT 1 FROM checkpoints WHERE run = ? AND seq = ? AND key_id = ?)",
        c.run(),
        c.seq(),
        c.hash(),
        c.at(),
        c.keyId(),
        c.signature(),
        c.run(),
        c.seq(),
        c.keyId());
  }

  @Override
  public List<Checkpoint> page(String run, long afterSeq, int limit) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS
                    + " FROM checkpoints WHERE run = ?1 AND seq > ?2 AND seq <= (SELECT max(seq)"
                    + " FROM (SELECT seq FROM checkpoints WHERE run = ?1 AND seq > ?2"
                    + " ORDER BY seq LIMIT ?3)) ORDER BY seq, n",
                row -> stored(row).checkpoint(),
                run,
                afterSeq,
                limit));
  }

  @Override
  public List<Stored> all(long afterN, int limit) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS + " FROM checkpoints WHERE n > ? ORDER BY n LIMIT ?",
                SqliteCheckpoints::stored,
                afterN,
                limit));
  }

  @Override
  public long number(Checkpoint c) {
    return reads.read(
        sql ->
            sql.number(
                "SELECT n FROM checkpoints WHERE run = ? AND seq = ? AND key_id = ? AND hash = ?",
                0,
                c.run(),
                c.seq(),
                c.keyId(),
                c.hash()));
  }

  @Override
  public List<String> uncovered(String afterChain, int limit) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT chain FROM (SELECT id AS chain, (SELECT max(seq) FROM events WHERE run ="
                    + " id) AS newest FROM runs UNION ALL SELECT 'audit', max(seq) FROM audit)"
                    + " WHERE newest > coalesce((SELECT max(seq) FROM checkpoints WHERE run ="
                    + " chain), 0) AND chain > ? ORDER BY chain LIMIT ?",
                row -> row.getString(1),
                afterChain,
                limit));
  }

  private static Stored stored(ResultSet row) throws SQLException {
    return new Stored(
        row.getLong(1),
        new Checkpoint(
            row.getString(2),
            row.getLong(3),
            row.getString(4),
            row.getString(5),
            row.getString(6),
            row.getString(7)));
  }
}
