package dev.helm.service.store;

import dev.helm.activities.store.Conversations;
import dev.helm.api.Sha256;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chains of messages: each node is named by the hash of its parent's name and its message. */
final class SqliteConversations implements Conversations {
  private static final String ROOT = "0".repeat(64);

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteConversations(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public String append(@Nullable String head, List<String> messages) {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("there is no message to append");
    }
    List<String> names = new ArrayList<>(messages.size());
    String parent = head == null ? ROOT : head;
    for (String message : messages) {
      parent = Sha256.hex(parent + "\n" + message);
      names.add(parent);
    }
    return writer.write(
        tx -> {
          long depth = head == null ? 0 : depth(tx.sql(), head);
          String before = head;
          for (int i = 0; i < names.size(); i++) {
            tx.sql()
                .update(
                    "INSERT INTO talk (hash, parent, depth, message) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT DO NOTHING",
                    names.get(i),
                    before,
                    depth + i + 1,
                    messages.get(i));
            before = names.get(i);
          }
          return names.getLast();
        });
  }

  @Override
  public List<String> messages(String head) {
    return reads.read(
        sql -> {
          depth(sql, head);
          return sql.list(
              "WITH RECURSIVE up (parent, depth, message) AS ("
                  + "SELECT parent, depth, message FROM talk WHERE hash = ?"
                  + " UNION ALL SELECT t.parent, t.depth, t.message FROM talk t"
                  + " JOIN up ON t.hash = up.parent)"
                  + " SELECT message FROM up ORDER BY depth",
              row -> row.getString(1),
              head);
        });
  }

  private static long depth(Statements sql, String head) throws java.sql.SQLException {
    long depth = sql.number("SELECT depth FROM talk WHERE hash = ?", 0, head);
    if (depth == 0) {
      throw new IllegalArgumentException("there is no conversation " + head);
    }
    return depth;
  }
}
