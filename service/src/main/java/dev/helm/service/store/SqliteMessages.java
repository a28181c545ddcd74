package dev.helm.service.store;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.workflows.Fact;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Messages over their table; every change goes through the log. */
final class SqliteMessages implements MessageStore {
  private static final String COLUMNS =
      "SELECT id, text, wanted, by_name, state, queued_at, read_at_turn FROM messages ";

  private final LogWriter writer;
  private final ReadPool reads;
  private final SqliteBlobs blobs;

  SqliteMessages(LogWriter writer, ReadPool reads, SqliteBlobs blobs) {
    this.writer = writer;
    this.reads = reads;
    this.blobs = blobs;
  }

  @Override
  public Bodies.Message queue(String run, String messageId, String text, String when, String by) {
    Content content = blobs.content(text, "text/plain");
    return writer.change(
        tx -> {
          String key = "message/" + messageId + "/queued";
          if (!tx.has(run, key) && unread(tx.sql(), run) >= UNREAD_MAX) {
            throw new QueueFullException(run);
          }
          tx.append(
              run, new Fact(key, "main", new RunEvent.MessageQueued(messageId, content, when, by)));
          Bodies.Message stored = find(tx.sql(), Access.system(), run, messageId);
          if (stored == null) {
            throw new IllegalStateException("the message " + messageId + " was not stored");
          }
          return stored;
        });
  }

  private static long unread(Statements sql, String run) throws SQLException {
    return sql.number("SELECT count(*) FROM messages WHERE run = ? AND state = 'queued'", 0, run);
  }

  @Override
  public List<Bodies.Message> list(Access access, String run) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS
                    + "WHERE "
                    + access.condition("project")
                    + " AND run = ? ORDER BY seq LIMIT 10000",
                SqliteMessages::message,
                access.with(run)));
  }

  @Override
  public Bodies.@Nullable Message message(Access access, String run, String messageId) {
    return reads.read(sql -> find(sql, access, run, messageId));
  }

  @Override
  public Cancelled cancel(String run, String messageId, String by) {
    return writer.change(
        tx -> {
          Bodies.Message found = find(tx.sql(), Access.system(), run, messageId);
          if (found == null) {
            return Cancelled.NOT_FOUND;
          }
          return switch (found.state()) {
            case "read" -> Cancelled.ALREADY_READ;
            case "cancelled" -> Cancelled.ALREADY_CANCELLED;
            default -> {
              tx.append(
                  run,
                  new Fact(
                      "message/" + messageId + "/cancelled",
                      "main",
                      new RunEvent.MessageCancelled(messageId, by)));
              yield Cancelled.CANCELLED;
            }
          };
        });
  }

  private static Bodies.@Nullable Message find(Statements sql, Access access, String run, String id)
      throws SQLException {
    return sql.one(
        COLUMNS + "WHERE " + access.condition("project") + " AND run = ? AND id = ?",
        SqliteMessages::message,
        access.with(run, id));
  }

  private static Bodies.Message message(ResultSet row) throws SQLException {
    int turn = row.getInt(7);
    Integer readAtTurn = row.wasNull() ? null : turn;
    return new Bodies.Message(
        row.getString(1),
        ContentJson.read(row.getString(2)),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        readAtTurn);
  }
}
