package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Calls of a run that have ended, with the arguments that they ran with. */
public final class EndedCalls {
  private static final int CALLS_MAX = 10_000;
  private static final String AFTER =
      "SELECT e.seq, e.data ->> '$.toolUseId', e.data ->> '$.tool', coalesce(e.data ->> '$.outcome',"
          + " 'unknown'), coalesce(e.data ->> '$.summary', ''), c.object, coalesce((SELECT"
          + " d.data -> '$.arguments' FROM events d WHERE d.run = e.run AND d.seq < e.seq AND d.type ="
          + " 'permission.decided' AND d.data ->> '$.toolUseId' = c.tool_use_id AND"
          + " d.data ->> '$.decision' = 'allow' AND d.data ->> '$.arguments' IS NOT NULL"
          + " ORDER BY d.seq DESC LIMIT 1), c.arguments)"
          + " FROM events e LEFT JOIN calls c ON c.run = e.run"
          + " AND c.tool_use_id = e.data ->> '$.toolUseId'"
          + " WHERE e.run = ? AND e.seq > ? AND e.type IN ('tool.finished', 'tool.unknown')"
          + " AND e.data ->> '$.tool' IN (SELECT value FROM json_each(?))"
          + " ORDER BY e.seq LIMIT "
          + CALLS_MAX;

  private static final String TOOLS =
      "SELECT DISTINCT data ->> '$.tool' FROM events"
          + " WHERE run = ? AND seq > ? AND type IN ('tool.finished', 'tool.unknown')";

  private final ReadPool reads;
  private final Blobs blobs;

  EndedCalls(ReadPool reads, Blobs blobs) {
    this.reads = reads;
    this.blobs = blobs;
  }

  /**
   * A call that has ended.
   *
   * @param outcome {@code ok failed interrupted timedOut unknown}
   * @param object as it was asked for; empty if that is not in the log
   * @param call as it ran
   */
  public record Ended(long seq, String outcome, String summary, String object, ToolCall call) {}

  private record Row(
      long seq,
      String id,
      String tool,
      String outcome,
      String summary,
      @Nullable String object,
      @Nullable String arguments) {}

  /** Those after a seq whose tool is wanted, oldest first, the first 10 000 of them. */
  public List<Ended> after(String run, long seq, Predicate<String> tools) {
    List<Row> rows =
        reads.read(
            sql -> {
              List<String> used = sql.list(TOOLS, row -> row.getString(1), run, seq);
              List<String> wanted = used.stream().filter(tools).toList();
              return sql.list(AFTER, EndedCalls::row, run, seq, HelmJson.write(wanted));
            });
    return rows.stream().map(this::ended).toList();
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getString(7));
  }

  private Ended ended(Row row) {
    String source = row.arguments() == null ? "{}" : blobs.text(ContentJson.read(row.arguments()));
    return new Ended(
        row.seq(),
        row.outcome(),
        row.summary(),
        row.object() == null ? "" : row.object(),
        call(row, source));
  }

  // Arguments that are no JSON object ended as a failed call, and are shown without details.
  private static ToolCall call(Row row, String source) {
    try {
      return ToolCall.of(row.id(), row.tool(), source);
    } catch (IllegalArgumentException e) {
      return ToolCall.of(row.id(), row.tool(), "{}");
    }
  }
}
