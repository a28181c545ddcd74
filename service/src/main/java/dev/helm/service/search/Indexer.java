package dev.helm.service.search;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.service.store.Access;
import dev.helm.service.store.CommitListener.Committed;
import dev.helm.service.store.Store;
import dev.helm.workflows.HelmJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes events from the log into the index, in the order of {@code pos}; for one thread. */
final class Indexer {
  /** Most events of one transaction. */
  static final int BATCH_EVENTS = 200;

  private final Store store;
  private final Connection index;

  Indexer(Store store, Connection index) {
    this.store = store;
    this.index = index;
  }

  /** Whether the index was made from this log, and not from one that was put back or replaced. */
  boolean fits() throws SQLException {
    SearchFile.Reached reached = SearchFile.reached(index);
    if (reached.pos() == 0) {
      return true;
    }
    List<Committed> there = store.replay(Access.system(), reached.pos() - 1, 1);
    return !there.isEmpty()
        && there.getFirst().pos() == reached.pos()
        && hash(there.getFirst()).equals(reached.hash());
  }

  /** The position after the next batch, or -1 if there was nothing to do. */
  long next() throws SQLException {
    long from = SearchFile.reached(index).pos();
    List<Committed> events = store.replay(Access.system(), from, BATCH_EVENTS);
    if (events.isEmpty()) {
      return -1;
    }
    boolean erased = false;
    execute("BEGIN IMMEDIATE");
    boolean done = false;
    try {
      for (Committed event : events) {
        erased |= take(event);
      }
      Committed last = events.getLast();
      update("UPDATE state SET pos = ?, hash = ?", last.pos(), hash(last));
      execute("COMMIT");
      done = true;
    } finally {
      if (!done) {
        rollback();
      }
    }
    if (erased) {
      // The write-ahead log may still hold pages with what was erased.
      execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    return events.getLast().pos();
  }

  private void rollback() {
    try {
      execute("ROLLBACK");
    } catch (SQLException e) {
      // The connection is given up; nothing of the batch is stored.
    }
  }

  /** Whether something was erased. */
  private boolean take(Committed event) throws SQLException {
    JsonNode json = HelmJson.read(event.json(), JsonNode.class);
    JsonNode data = json.path("data");
    if (event.type().equals("run.created")) {
      update(
          "INSERT OR REPLACE INTO runs (id, name, project) VALUES (?, ?, ?)",
          event.run(),
          data.path("name").asText(),
          event.project());
    }
    EventText text = text(data);
    update(
        "INSERT INTO words (rowid, run, seq, type, agent, at, text, tags)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        event.pos(),
        event.run(),
        event.seq(),
        event.type(),
        json.path("agent").asText(),
        json.path("at").asText(),
        text.text(),
        Tags.of(event.run(), event.type(), event.project()));
    for (String blob : text.blobs()) {
      update("INSERT OR IGNORE INTO event_blobs (sha256, pos) VALUES (?, ?)", blob, event.pos());
    }
    String gone = event.type().equals("blob.erased") ? data.path("sha256").asText() : "";
    if (!gone.isEmpty()) {
      erase(gone);
    }
    return !gone.isEmpty();
  }

  private EventText text(JsonNode data) throws SQLException {
    return EventText.of(
        data,
        (sha256, bytesMax) -> isErased(sha256) ? null : store.blobHead(sha256, bytesMax));
  }

  private boolean isErased(String sha256) {
    try (PreparedStatement statement =
        index.prepareStatement("SELECT 1 FROM erased WHERE sha256 = ?")) {
      statement.setString(1, sha256);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the index cannot be read", e);
    }
  }

  /** Each event with that content is written anew without it. */
  private void erase(String sha256) throws SQLException {
    update("INSERT OR IGNORE INTO erased (sha256) VALUES (?)", sha256);
    for (long pos : eventsWith(sha256)) {
      List<Committed> there = store.replay(Access.system(), pos - 1, 1);
      if (!there.isEmpty() && there.getFirst().pos() == pos) {
        Committed event = there.getFirst();
        JsonNode data = HelmJson.read(event.json(), JsonNode.class).path("data");
        update("UPDATE words SET text = ? WHERE rowid = ?", text(data).text(), pos);
      }
    }
  }

  private List<Long> eventsWith(String sha256) throws SQLException {
    List<Long> found = new ArrayList<>();
    try (PreparedStatement statement =
        index.prepareStatement("SELECT pos FROM event_blobs WHERE sha256 = ?")) {
      statement.setString(1, sha256);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getLong(1));
        }
      }
    }
    return found;
  }

  private static String hash(Committed event) {
    return HelmJson.read(event.json(), JsonNode.class).path("hash").asText();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = index.createStatement()) {
      statement.execute(sql);
    }
  }

  private void update(String sql, @Nullable Object... values) throws SQLException {
    try (PreparedStatement statement = index.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }
}
