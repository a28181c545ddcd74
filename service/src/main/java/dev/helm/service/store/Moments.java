package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.tools.Unknowns;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.ToolActivity;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds what an agent knew at a step, from the log and the journal. */
public final class Moments {
  /** Answers without a conversation are cut ones; a run ends with the first. */
  private static final int MESSAGES_LOOKED_AT = 20;

  private static final Pattern STEP =
      Pattern.compile("asked|decided|dropped|(timedOut|answered)-.*");

  /**
   * A call whose outcome is unknown and that nobody has said to repeat, and one that the run's end
   * cut off, have ended too: they may have had their effect, so they do not run again by
   * themselves.
   */
  private static final String ENDS =
      "SELECT seq, key, type, data FROM events e WHERE run = ?1 AND agent = 'main' AND seq BETWEEN"
          + " ?2 AND ?3 AND (type IN ('tool.finished', 'tool.blocked') OR type = 'tool.unknown' AND"
          + " NOT EXISTS (SELECT 1 FROM events s WHERE s.run = ?1 AND s.type = 'tool.started' AND"
          + " s.seq BETWEEN e.seq AND ?3 AND s.data ->> '$.toolUseId' = e.data ->> '$.toolUseId')"
          + " OR type = 'tool.started' AND EXISTS (SELECT 1 FROM events f WHERE f.run = ?1 AND"
          + " f.type = 'run.finished' AND f.seq BETWEEN e.seq AND ?3)) ORDER BY seq DESC LIMIT 1000";

  private final ReadPool reads;
  private final Blobs blobs;

  Moments(ReadPool reads, Blobs blobs) {
    this.reads = reads;
    this.blobs = blobs;
  }

  /** Events {@code from} to {@code to}, both included. */
  record Range(long from, long to) {
    boolean has(long seq) {
      return from <= seq && seq <= to;
    }
  }

  /**
   * The newest answer of the model.
   *
   * @param known results that came before this log began
   */
  private record Answer(
      long seq, int turn, ModelActivity.Reply.Answered reply, List<CallResult> known) {}

  private record End(long seq, String key, String type, String data) {}

  /** The main agent at a seq of the run's log. */
  public Moment at(String run, long seq) {
    record Found(@Nullable Answer answer, List<End> ends) {}
    Found found =
        reads.read(
            sql -> {
              List<Range> past = past(sql, run, seq);
              Answer answer = answer(sql, run, past);
              return new Found(
                  answer, answer == null ? List.of() : ends(sql, run, past, answer, seq));
            });
    Answer answer = found.answer();
    if (answer == null) {
      return new Moment(0, null, List.of(), List.of());
    }
    List<CallResult> results = new ArrayList<>(answer.known());
    for (ModelActivity.Call call : answer.reply().calls()) {
      if (answer.known().stream().anyMatch(r -> r.toolUseId().equals(call.toolUseId()))) {
        continue;
      }
      for (End end : found.ends()) {
        if (end.key().contains("/" + call.toolUseId() + "/")) {
          results.add(result(run, call, end));
          break;
        }
      }
    }
    List<ModelActivity.Call> calls = answer.reply().calls();
    boolean open = results.size() < calls.size();
    return new Moment(answer.turn(), answer.reply().head(), open ? calls : List.of(), results);
  }

  /** The log up to a seq without what rollbacks took back, newest part first. */
  static List<Range> past(Statements sql, String run, long seq) throws SQLException {
    record Back(long seq, long to) {}
    List<Range> past = new ArrayList<>();
    long last = seq;
    while (true) {
      Back back =
          sql.one(
              "SELECT seq, data ->> '$.toSeq' FROM events WHERE run = ? AND seq <= ?"
                  + " AND type = 'run.rolledback' ORDER BY seq DESC LIMIT 1",
              row -> new Back(row.getLong(1), row.getLong(2)),
              run,
              last);
      if (back == null) {
        past.add(new Range(1, last));
        return past;
      }
      if (back.seq() < last) {
        past.add(new Range(back.seq() + 1, last));
      }
      last = back.to();
    }
  }

  private static @Nullable Answer answer(Statements sql, String run, List<Range> past)
      throws SQLException {
    record Row(long seq, String key, int turn) {}
    for (Range range : past) {
      List<Row> rows =
          sql.list(
              "SELECT seq, key, data ->> '$.turn' FROM events WHERE run = ? AND agent = 'main'"
                  + " AND type = 'model.message' AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT "
                  + MESSAGES_LOOKED_AT,
              row -> new Row(row.getLong(1), row.getString(2), row.getInt(3)),
              run,
              range.from(),
              range.to());
      for (Row row : rows) {
        String journal = row.key().substring(0, row.key().lastIndexOf('/')) + "/model";
        String outcome =
            sql.one(
                "SELECT outcome FROM journal WHERE run = ? AND key = ?",
                found -> found.getString(1),
                run,
                journal);
        if (outcome != null
            && HelmJson.read(outcome, ModelActivity.Reply.class)
                instanceof ModelActivity.Reply.Answered reply) {
          return new Answer(row.seq(), row.turn(), reply, List.of());
        }
      }
    }
    return forked(sql, run);
  }

  /** A forked run knows from its beginning what its parent knew at that step. */
  private static @Nullable Answer forked(Statements sql, String run) throws SQLException {
    String json =
        sql.one(
            "SELECT carry FROM epoch_starts WHERE run = ? AND epoch = 1",
            row -> row.getString(1),
            run);
    RunStart.Carry carry = json == null ? null : HelmJson.read(json, RunStart.Carry.class);
    if (carry == null || carry.head() == null) {
      return null;
    }
    return new Answer(
        0,
        carry.turn(),
        new ModelActivity.Reply.Answered(carry.head(), carry.openCalls()),
        carry.results());
  }

  /** The ends of the answer's calls, newest first; one counts once its files are kept too. */
  private static List<End> ends(
      Statements sql, String run, List<Range> past, Answer answer, long seq) throws SQLException {
    List<End> ends = new ArrayList<>();
    for (Range range : past) {
      if (range.to() < answer.seq()) {
        break;
      }
      for (End end :
          sql.list(
              ENDS,
              row -> new End(row.getLong(1), row.getString(2), row.getString(3), row.getString(4)),
              run,
              Math.max(range.from(), answer.seq() + 1),
              range.to())) {
        if (filesKept(sql, run, end, range.to())) {
          ends.add(end);
        }
      }
    }
    return ends;
  }

  /** A call's snapshot is in the log after its end: a step between them is before both. */
  private static boolean filesKept(Statements sql, String run, End end, long seq)
      throws SQLException {
    String snapshot = end.key().substring(0, end.key().lastIndexOf('/')) + "/snapshot";
    return sql.number("SELECT seq FROM events WHERE run = ? AND key = ?", 0, run, snapshot) <= seq;
  }

  private CallResult result(String run, ModelActivity.Call call, End end) {
    String prefix = end.key().substring(0, end.key().lastIndexOf('/') + 1);
    record Row(String key, String outcome) {}
    List<Row> rows =
        reads.read(
            sql ->
                sql.list(
                    "SELECT key, outcome FROM journal WHERE run = ? AND key >= ? AND key < ?",
                    row -> new Row(row.getString(1), row.getString(2)),
                    run,
                    prefix,
                    prefix.substring(0, prefix.length() - 1) + "0"));
    for (Row row : rows) {
      if (STEP.matcher(row.key().substring(prefix.length())).matches()
          && HelmJson.read(row.outcome(), ToolActivity.Reply.class)
              instanceof ToolActivity.Reply.Done done) {
        return done.result();
      }
    }
    // Its end was written with the run's end.
    return new CallResult(
        call.toolUseId(),
        blobs.put(told(end).getBytes(StandardCharsets.UTF_8), "text/plain"),
        true);
  }

  private String told(End end) {
    return switch (HelmJson.event(end.type(), EventJson.tree(end.data()))) {
      case RunEvent.ToolFinished finished -> blobs.text(finished.result());
      case RunEvent.ToolBlocked blocked -> blocked.reason();
      case RunEvent.ToolUnknown unknown -> Unknowns.TOLD_AT_DEADLINE;
      case RunEvent.ToolStarted started -> Unknowns.TOLD_AT_DEADLINE;
      default -> "This call has no result.";
    };
  }
}
