package dev.helm.service.store;

import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The log over the writer. */
final class SqliteRunLog implements RunLog {
  private static final String OPEN_CALLS =
      "SELECT max(s.key), s.agent, s.data ->> '$.toolUseId' AS call, s.data ->> '$.tool'"
          + " FROM events s WHERE s.run = ? AND s.type = 'tool.started' AND NOT EXISTS ("
          + "SELECT 1 FROM events e WHERE e.run = s.run AND e.seq > s.seq"
          + " AND e.type IN ('tool.finished', 'tool.unknown', 'run.finished')"
          + " AND coalesce(e.data ->> '$.toolUseId', s.data ->> '$.toolUseId')"
          + " = s.data ->> '$.toolUseId') GROUP BY call LIMIT 1000";

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteRunLog(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public List<Long> append(String run, List<Fact> facts) {
    List<PreparedFact> prepared = PreparedFact.all(facts);
    return writer.write(tx -> tx.append(run, stillTrue(tx.sql(), run, prepared)));
  }

  /**
   * Without notes that the run waits for an answer which has come by now: whoever wrote the note
   * could not know of it yet.
   */
  private static List<PreparedFact> stillTrue(Statements sql, String run, List<PreparedFact> facts)
      throws SQLException {
    List<PreparedFact> still = new ArrayList<>(facts.size());
    for (PreparedFact fact : facts) {
      if (!(fact.event() instanceof RunEvent.RunPaused paused) || waits(sql, run, paused)) {
        still.add(fact);
      }
    }
    return still;
  }

  private static boolean waits(Statements sql, String run, RunEvent.RunPaused paused)
      throws SQLException {
    String ask = paused.permissionId() == null ? paused.questionId() : paused.permissionId();
    return ask == null
        || sql.number(
                "SELECT count(*) FROM asks WHERE id = ? AND run = ? AND state <> 'open'",
                0,
                ask,
                run)
            == 0;
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

  @Override
  public List<String> finish(String run, List<Fact> facts) {
    List<PreparedFact> prepared = PreparedFact.all(facts);
    boolean succeeds =
        facts.stream()
            .anyMatch(
                fact ->
                    fact.event() instanceof RunEvent.RunFinished end
                        && end.outcome().equals("succeeded"));
    return writer.write(
        tx -> {
          List<String> unread = succeeds ? unread(tx.sql(), run) : List.of();
          if (unread.isEmpty()) {
            tx.append(run, PreparedFact.all(ends(openCalls(tx.sql(), run))));
            tx.append(run, prepared);
          }
          return unread;
        });
  }

  static List<String> unread(Statements sql, String run) throws SQLException {
    return sql.list(
        "SELECT id FROM messages WHERE run = ? AND state = 'queued' ORDER BY seq LIMIT 1000",
        row -> row.getString(1),
        run);
  }

  /** The calls' ends carry the keys that the calls themselves would have used. */
  static List<Fact> ends(List<Runs.OpenCall> calls) {
    return calls.stream()
        .map(
            call -> {
              String key = call.key().substring(0, call.key().lastIndexOf('/') + 1) + "finished";
              return RunLog.endOfOpen(key, call.agent(), call.toolUseId(), call.tool());
            })
        .toList();
  }

  static List<Runs.OpenCall> openCalls(Statements sql, String run) throws SQLException {
    return sql.list(
        OPEN_CALLS,
        row ->
            new Runs.OpenCall(
                row.getString(1), row.getString(2), row.getString(3), row.getString(4)),
        run);
  }

  private static void journal(Tx tx, String run, String key, String outcome) throws SQLException {
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
      throws SQLException {
    return sql.one(
        "SELECT outcome FROM journal WHERE run = ? AND key = ?", row -> row.getString(1), run, key);
  }
}
