package dev.helm.service.store;

import dev.helm.activities.store.RunLog;
import dev.helm.workflows.Fact;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The log over the writer. */
final class SqliteRunLog implements RunLog {
  private final LogWriter writer;
  private final ReadPool reads;

  SqliteRunLog(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public List<Long> append(String run, List<Fact> facts) {
    List<PreparedFact> prepared = PreparedFact.all(facts);
    return writer.write(tx -> tx.append(run, prepared));
  }

  @Override
  public List<Long> append(String run, List<Fact> facts, String journalKey, String outcomeJson) {
    List<PreparedFact> prepared = PreparedFact.all(facts);
    return writer.write(
        tx -> {
          List<Long> seqs = tx.append(run, prepared);
          journal(tx, run, journalKey, outcomeJson);
          return seqs;
        });
  }

  private static void journal(Tx tx, String run, String key, String outcome)
      throws java.sql.SQLException {
    String known = outcome(tx.sql(), run, key);
    if (known == null) {
      tx.sql()
          .update(
              "INSERT INTO journal (run, key, at, outcome) VALUES (?, ?, ?, ?)",
              run,
              key,
              tx.now(),
              outcome);
    } else if (!known.equals(outcome)) {
      throw new KeyConflictException(
          "run " + run + " has the journal key \"" + key + "\" with another outcome");
    }
  }

  @Override
  public @Nullable String outcome(String run, String journalKey) {
    return reads.read(sql -> outcome(sql, run, journalKey));
  }

  private static @Nullable String outcome(Statements sql, String run, String key)
      throws java.sql.SQLException {
    return sql.one(
        "SELECT outcome FROM journal WHERE run = ? AND key = ?", row -> row.getString(1), run, key);
  }
}
