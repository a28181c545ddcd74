package dev.helm.service.store;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.LoggedEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heads of the logs, signed, outside the database: {@code run seq hash mac}, a line a head.
 *
 * <p>It is not synced, so after a power loss it may be behind the database, which is accepted. When
 * it is ahead of the database, somebody cut the log.
 */
final class HeadsFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HeadsFile.class);
  private static final long BYTES_MIN = 4L << 20;

  private final Path file;
  private final Hmac key;
  private final long compactAtMin;
  private @Nullable FileChannel channel;
  private long compactAt;

  HeadsFile(Path file, Hmac key) {
    this(file, key, BYTES_MIN);
  }

  HeadsFile(Path file, Hmac key, long compactAtMin) {
    this.file = file;
    this.key = key;
    this.compactAtMin = compactAtMin;
    this.compactAt = compactAtMin;
  }

  /**
   * Compares with the database.
   *
   * @throws StoreException when the database lacks an event that was once committed
   */
  void verify(Statements sql) throws SQLException {
    for (Map.Entry<String, Line> entry : newest().entrySet()) {
      String run = entry.getKey();
      Line line = entry.getValue();
      SqliteAudit.Source source = SqliteAudit.Source.of(run);
      String hash =
          sql.one(
              "SELECT hash FROM " + source.where() + " AND seq = ?",
              row -> row.getString(1),
              source.values(line.seq()));
      if (!line.hash().equals(hash)) {
        throw new StoreException(
            ("the log of %s was cut or changed: %s knows its event %d, the database %s."
                    + " Restore helm.db from a backup that is not older, or move %s away to accept"
                    + " the loss")
                .formatted(
                    run.equals(Checkpoint.AUDIT) ? "who did what (audit)" : "run " + run,
                    file.getFileName(),
                    line.seq(),
                    hash == null ? "does not have it" : "has another one in its place",
                    file),
            null);
      }
    }
  }

  private record Line(long seq, String hash) {}

  private Map<String, Line> newest() {
    Map<String, Line> heads = new HashMap<>();
    if (!Files.exists(file)) {
      return heads;
    }
    int bad = 0;
    try (var lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        bad += read(text, heads) ? 0 : 1;
      }
    } catch (IOException e) {
      throw new StoreException("cannot read " + file + ": " + e.getMessage(), e);
    }
    if (bad > 0) {
      LOG.warn("{} has {} lines without a valid signature; they are passed over", file, bad);
    }
    return heads;
  }

  private boolean read(String text, Map<String, Line> heads) {
    String[] parts = text.split(" ", -1);
    if (parts.length != 4 || !key.matches(parts[0] + " " + parts[1] + " " + parts[2], parts[3])) {
      return text.isEmpty();
    }
    Line line = new Line(Long.parseLong(parts[1]), parts[2]);
    heads.merge(parts[0], line, (old, now) -> now.seq() >= old.seq() ? now : old);
    return true;
  }

  /** Adds the heads of a commit; a failure is logged only, since a file behind is accepted. */
  void append(Map<String, Head> heads) {
    if (heads.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder(heads.size() * 180);
    heads.forEach((run, head) -> line(text, run, head.seq(), head.hash()));
    try {
      write(open(), text);
    } catch (IOException e) {
      LOG.warn("cannot write {}: {}; the log itself is stored", file, e.getMessage());
      reset();
    }
  }

  private void line(StringBuilder out, String run, long seq, String hash) {
    String head = run + " " + seq + " " + hash;
    out.append(head).append(' ').append(key.of(head)).append('\n');
  }

  private FileChannel open() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      open =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      channel = open;
      // A line that was torn off by a full disk or a kill must not swallow the next one.
      if (open.size() > 0) {
        write(open, "\n");
      }
    }
    return open;
  }

  private static void write(FileChannel out, CharSequence text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /** Rewrites the file with one line a run once it has grown enough. */
  void compactIfLarge(Statements sql) throws SQLException {
    try {
      if (channel == null || channel.size() < compactAt) {
        return;
      }
      StringBuilder text = new StringBuilder();
      List<Object> runs =
          sql.list(
              "SELECT e.run, e.seq, e.hash FROM events e JOIN (SELECT run, max(seq) AS seq"
                  + " FROM events GROUP BY run) h ON e.run = h.run AND e.seq = h.seq"
                  + " UNION ALL SELECT * FROM (SELECT 'audit', seq, hash FROM audit"
                  + " ORDER BY seq DESC LIMIT 1)",
              row -> {
                line(text, row.getString(1), row.getLong(2), row.getString(3));
                return LoggedEvent.NO_PREV;
              });
      replace(text);
      LOG.debug("compacted {} to {} heads", file, runs.size());
      compactAt = Math.max(compactAtMin, text.length() * 2L);
    } catch (IOException e) {
      LOG.warn("cannot compact {}: {}", file, e.getMessage());
      reset();
      compactAt += compactAtMin;
    }
  }

  private void replace(StringBuilder text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel out =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      write(out, text);
      out.force(true);
    }
    reset();
    try {
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void reset() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      LOG.debug("closing {}: {}", file, e.getMessage());
    }
    channel = null;
  }

  @Override
  public void close() {
    reset();
  }
}
