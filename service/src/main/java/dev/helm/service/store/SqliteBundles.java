package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.api.event.CanonicalJson;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads chains as they are stored. */
final class SqliteBundles implements BundleStore {
  private static final int PAGE = 256;

  private final LogWriter writer;
  private final ReadPool reads;
  private final Blobs blobs;

  SqliteBundles(LogWriter writer, ReadPool reads, Blobs blobs) {
    this.writer = writer;
    this.reads = reads;
    this.blobs = blobs;
  }

  @Override
  public Tables tables(String run) {
    return TableCheck.of(reads, blobs, run);
  }

  @Override
  public @Nullable About about(String run) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT r.project, r.blueprint, r.blueprint_version, b.hash, r.epoch, b.body FROM runs r"
                    + " JOIN blueprints b ON b.name = r.blueprint AND b.version ="
                    + " r.blueprint_version WHERE r.id = ?",
                row ->
                    new About(
                        row.getString(1),
                        row.getString(2),
                        row.getInt(3),
                        row.getString(4),
                        CanonicalJson.write(EventJson.tree(row.getString(6))),
                        row.getInt(5)),
                run));
  }

  @Override
  public Size size(String run, long toSeq) {
    SqliteAudit.Source source = SqliteAudit.Source.of(run);
    Size size =
        reads.read(
            sql ->
                sql.one(
                    "SELECT count(*), coalesce(sum(octet_length(data)) + 400 * count(*), 0) FROM "
                        + source.where()
                        + " AND seq <= ?",
                    row -> new Size(row.getLong(1), row.getLong(2)),
                    source.values(toSeq)));
    return size == null ? new Size(0, 0) : size;
  }

  @Override
  public void events(String run, long toSeq, Consumer<String> line) {
    SqliteAudit.Source source = SqliteAudit.Source.of(run);
    long after = Long.MIN_VALUE;
    List<Line> page;
    do {
      long from = after;
      // Page by page: a slow client must not keep a connection, or the write-ahead log, for long.
      page =
          reads.read(
              sql ->
                  sql.list(
                      "SELECT seq, at, type, agent, data, prev, hash FROM "
                          + source.where()
                          + " AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
                      row ->
                          new Line(
                              row.getLong(1),
                              EventJson.wire(
                                  run,
                                  row.getLong(1),
                                  row.getString(2),
                                  row.getString(3),
                                  row.getString(4),
                                  row.getString(5),
                                  row.getString(6),
                                  row.getString(7))),
                      source.values(from, toSeq, PAGE)));
      for (Line found : page) {
        line.accept(found.json());
        after = found.seq();
      }
    } while (page.size() == PAGE);
  }

  private record Line(long seq, String json) {}

  @Override
  public long blobBytes(String sha256) {
    return reads.read(
        sql -> sql.number("SELECT octet_length(bytes) FROM blobs WHERE sha256 = ?", -1, sha256));
  }

  @Override
  public List<History> histories(String run) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT workflow, execution, at, bytes, sha256 FROM histories WHERE run = ?"
                    + " ORDER BY rowid LIMIT 10000",
                row ->
                    new History(
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getLong(4),
                        row.getString(5)),
                run));
  }

  @Override
  public byte @Nullable [] history(String run, String workflow, String execution) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT content FROM histories WHERE run = ? AND workflow = ? AND execution = ?",
                row -> row.getBytes(1),
                run,
                workflow,
                execution));
  }

  @Override
  public void keep(String run, History history, byte[] gzipped) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO histories (run, workflow, execution, at, bytes, sha256, content)"
                        + " SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM histories"
                        + " WHERE run = ? AND workflow = ? AND execution = ?)",
                    run,
                    history.workflow(),
                    history.execution(),
                    history.at(),
                    history.bytes(),
                    history.sha256(),
                    gzipped,
                    run,
                    history.workflow(),
                    history.execution()));
  }

  @Override
  public List<Archived> archived(String run) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT workflow, lost FROM archived WHERE run = ? ORDER BY workflow LIMIT 10000",
                row -> new Archived(row.getString(1), row.getString(2)),
                run));
  }

  @Override
  public void archived(String run, String workflow, @Nullable String lost) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO archived (run, workflow, at, lost) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT DO NOTHING",
                    run,
                    workflow,
                    tx.now(),
                    lost));
  }

  @Override
  public List<String> unarchived(String afterRun, int limit) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT id FROM runs WHERE finished_at IS NOT NULL AND id > ? AND epoch > (SELECT"
                    + " count(*) FROM archived WHERE run = id AND workflow NOT GLOB id || '-*-*')"
                    + " ORDER BY id LIMIT ?",
                row -> row.getString(1),
                afterRun,
                limit));
  }
}
