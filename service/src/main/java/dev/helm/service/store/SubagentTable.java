package dev.helm.service.store;

import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import java.util.List;

/** Sub-agents of runs: what each was given, and its end. */
final class SubagentTable {
  private SubagentTable() {}

  static void spawned(Statements sql, Projection.Place place, RunEvent.SubagentSpawned e)
      throws SQLException {
    sql.update(
        "INSERT INTO subagents (run, agent, seq, tools, prompt, kind) VALUES (?, ?, ?, ?, ?, ?)",
        place.run(),
        e.subagent(),
        place.seq(),
        HelmJson.write(e.tools()),
        HelmJson.write(e.prompt()),
        e.kind());
  }

  static void finished(Statements sql, Projection.Place place, RunEvent.SubagentFinished e)
      throws SQLException {
    sql.update(
        "UPDATE subagents SET outcome = ? WHERE run = ? AND agent = ?",
        e.outcome(),
        place.run(),
        e.subagent());
  }

  static List<Runs.Subagent> of(Statements sql, String run) throws SQLException {
    List<Moments.Range> kept = Moments.past(sql, run, Long.MAX_VALUE);
    return sql.list(
        "SELECT agent, tools, prompt, outcome, seq, kind FROM subagents WHERE run = ?"
            + " ORDER BY seq",
        row -> {
          long seq = row.getLong(5);
          return new Runs.Subagent(
              row.getString(1),
              List.of(HelmJson.read(row.getString(2), String[].class)),
              ContentJson.read(row.getString(3)),
              row.getString(4) != null,
              kept.stream().anyMatch(range -> range.has(seq)),
              row.getString(6));
        },
        run);
  }
}
