package dev.helm.service.store;

import dev.helm.api.Sha256;
import dev.helm.api.event.RunEvent;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Which tree a run's workspace was at which event. */
final class FileProjection {
  /** The tree without entries, as git names it. */
  static final String EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

  /** Every run begins with an empty workspace; {@link #taken} corrects that for a fork. */
  void created(Statements sql, Projection.Place place) throws SQLException {
    insert(sql, place, place.seq(), "start", startId(place.run()), EMPTY_TREE, null, 0, 0, 0);
  }

  static String startId(String run) {
    return "s" + Sha256.hex(run + "/start").substring(0, 15);
  }

  /** One that no call has made is what a fork begins with. */
  void taken(Statements sql, Projection.Place place, RunEvent.SnapshotTaken e) throws SQLException {
    boolean start = e.toolUseId() == null;
    if (start) {
      sql.update("DELETE FROM snapshots WHERE run = ? AND kind = 'start'", place.run());
    }
    insert(
        sql,
        place,
        place.seq(),
        start ? "start" : "taken",
        e.snapshotId(),
        e.tree(),
        e.toolUseId(),
        e.files(),
        e.bytes(),
        e.changed());
  }

  void rolledBack(Statements sql, Projection.Place place, RunEvent.RunRolledback e)
      throws SQLException {
    long changes = e.created() + e.changed() + e.deleted();
    insert(sql, place, place.seq() - 1, "undo", e.undoSnapshotId(), e.undoTree(), null, 0, 0, 0);
    insert(sql, place, place.seq(), "restored", e.snapshotId(), e.tree(), null, 0, 0, changes);
  }

  private static void insert(
      Statements sql,
      Projection.Place place,
      long seq,
      String kind,
      String id,
      String tree,
      @Nullable String toolUseId,
      long files,
      long bytes,
      long changed)
      throws SQLException {
    sql.update(
        "INSERT INTO snapshots (run, seq, kind, id, tree, at, tool_use_id, files, bytes, changed)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        place.run(),
        seq,
        kind,
        id,
        tree,
        place.at(),
        toolUseId,
        files,
        bytes,
        changed);
  }
}
