package dev.helm.service.store;

import dev.helm.activities.store.TakenBack;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Notes which calls a rollback takes back, or stand behind a fork, for the gate: nobody is to be
 * mailed a second time because an agent begins anew from an earlier step.
 */
final class TakenBackCalls {
  /** What they do is in the workspace, or nowhere. */
  private static final String STARTED =
      "SELECT seq, agent, data ->> '$.tool', data ->> '$.argumentsHash' FROM events"
          + " WHERE run = ? AND type = 'tool.started' AND data ->> '$.tool' NOT IN"
          + " ('Read', 'Glob', 'Grep', 'Write', 'Edit', 'WriteRow', 'AskPerson', 'Agent')";

  private static final String FINISHED =
      "SELECT seq, data ->> '$.subagent' FROM events WHERE run = ? AND type = 'subagent.finished'";

  private static final String NOTED =
      "SELECT key FROM journal WHERE run = ? AND key >= 'taken-back' AND key < 'taken-bacl'";

  private TakenBackCalls() {}

  private record Started(long seq, String agent, String tool, String argumentsHash) {
    /** The one that the main agent asked for: {@code main/1} of {@code main/1/2}. */
    String top() {
      String[] parts = agent.split("/");
      return parts.length < 2 ? agent : parts[0] + "/" + parts[1];
    }
  }

  /**
   * Notes them for a run.
   *
   * @param of whose log is looked at: the run's own, or its parent's
   * @param toSeq the step; the calls of a sub-agent that had not ended by then are taken back
   */
  static void note(Tx tx, String run, String of, long toSeq) throws SQLException {
    List<Moments.Range> kept = Moments.past(tx.sql(), of, toSeq);
    Set<String> ended = new HashSet<>(Set.of("main"));
    record Finished(long seq, String agent) {}
    for (Finished end :
        tx.sql().list(FINISHED, r -> new Finished(r.getLong(1), r.getString(2)), of)) {
      if (has(kept, end.seq())) {
        ended.add(end.agent());
      }
    }
    Set<String> keys = new LinkedHashSet<>();
    for (Started call :
        tx.sql()
            .list(
                STARTED,
                r -> new Started(r.getLong(1), r.getString(2), r.getString(3), r.getString(4)),
                of)) {
      if (has(kept, call.seq()) && ended.contains(call.top())) {
        continue;
      }
      keys.add(TakenBack.call(call.tool(), call.argumentsHash()));
      if (!call.agent().equals("main")) {
        keys.add(TakenBack.bySubagent(call.tool()));
      }
    }
    if (!of.equals(run)) {
      keys.addAll(tx.sql().list(NOTED, row -> row.getString(1), of));
    }
    for (String key : keys) {
      tx.sql()
          .update(
              "INSERT INTO journal (run, key, at, outcome) SELECT ?1, ?2, ?3, '' WHERE NOT EXISTS"
                  + " (SELECT 1 FROM journal WHERE run = ?1 AND key = ?2)",
              run,
              key,
              tx.now());
    }
  }

  private static boolean has(List<Moments.Range> kept, long seq) {
    return kept.stream().anyMatch(range -> range.has(seq));
  }
}
