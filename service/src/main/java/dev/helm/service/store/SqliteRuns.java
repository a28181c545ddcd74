package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Runs;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.Remembered;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What activities ask of a run. */
final class SqliteRuns implements Runs {
  /** Calls of these are started and then wait, for people or for another agent. */
  private static final Set<String> WAITING_TOOLS = Set.of("AskPerson", "Agent");

  private final ReadPool reads;
  private final Blobs blobs;
  private final ModelTokens tokens;

  SqliteRuns(ReadPool reads, Blobs blobs, ModelTokens tokens) {
    this.reads = reads;
    this.blobs = blobs;
    this.tokens = tokens;
  }

  @Override
  public Info info(String run) {
    return known(
        run,
        reads.read(
            sql ->
                sql.one(
                    "SELECT r.name, r.epoch, r.status, r.waiting_for, b.body, r.blueprint,"
                        + " r.blueprint_version, r.input, r.prompt, r.practice FROM runs r"
                        + " JOIN blueprints b ON b.name = r.blueprint"
                        + " AND b.version = r.blueprint_version WHERE r.id = ?",
                    row ->
                        new Info(
                            run,
                            row.getString(1),
                            row.getInt(2),
                            RunStatus.of(row.getString(3)),
                            row.getString(4),
                            HelmJson.read(row.getString(5), Blueprint.class),
                            Blueprint.reference(row.getString(6), row.getInt(7)),
                            EventJson.tree(row.getString(8)),
                            row.getString(9),
                            row.getInt(10) == 1),
                    run)));
  }

  @Override
  public @Nullable RequestedCall requested(String run, String toolUseId) {
    return reads.read(sql -> CallTable.find(sql, run, toolUseId));
  }

  @Override
  public List<Remembered> remembered(String run, long nowMs) {
    return reads.read(sql -> RememberedTable.holding(sql, run, nowMs));
  }

  @Override
  public boolean usedBefore(String run, String tool) {
    return reads.read(
        sql ->
            sql.number(
                    "SELECT 1 FROM calls c JOIN events e ON e.run = c.run AND e.seq > c.seq"
                        + " AND e.type = 'tool.started'"
                        + " AND json_extract(e.data, '$.toolUseId') = c.tool_use_id"
                        + " WHERE c.run = ? AND c.tool = ? LIMIT 1",
                    0,
                    run,
                    tool)
                == 1);
  }

  @Override
  public String saidBefore(String run, String toolUseId) {
    String data =
        reads.read(
            sql ->
                sql.one(
                    "SELECT e.data FROM events e JOIN calls c ON c.run = e.run"
                        + " WHERE c.run = ? AND c.tool_use_id = ? AND e.type = 'model.message'"
                        + " AND e.agent = c.agent"
                        + " AND e.seq < c.seq ORDER BY e.seq DESC LIMIT 1",
                    row -> row.getString(1),
                    run,
                    toolUseId));
    return data == null ? "" : said(data);
  }

  private String said(String data) {
    return HelmJson.event("model.message", EventJson.tree(data))
            instanceof RunEvent.ModelMessage message
        ? blobs.text(message.text())
        : "";
  }

  @Override
  public List<Subagent> subagents(String run) {
    return reads.read(sql -> SubagentTable.of(sql, run));
  }

  @Override
  public List<OpenCall> openCalls(String run) {
    return reads.read(sql -> SqliteRunLog.openCalls(sql, run)).stream()
        .filter(call -> !WAITING_TOOLS.contains(call.tool()))
        // They see no workspace, and their servers ended with the service's former life.
        .filter(call -> !call.tool().startsWith("mcp__"))
        .toList();
  }

  @Override
  public String lastSaid(String run, String agent) {
    String data =
        reads.read(
            sql ->
                sql.one(
                    "SELECT data FROM events WHERE run = ? AND agent = ?"
                        + " AND type = 'model.message' ORDER BY seq DESC LIMIT 1",
                    row -> row.getString(1),
                    run,
                    agent));
    return data == null ? "" : said(data);
  }

  @Override
  public @Nullable QueuedMessage message(String run, String messageId) {
    record Row(String text, String wanted, String by) {}
    Row found =
        reads.read(
            sql ->
                sql.one(
                    "SELECT text, wanted, by_name FROM messages"
                        + " WHERE run = ? AND id = ? AND state <> 'cancelled'",
                    row -> new Row(row.getString(1), row.getString(2), row.getString(3)),
                    run,
                    messageId));
    return found == null
        ? null
        : new QueuedMessage(
            messageId, blobs.text(ContentJson.read(found.text())), found.wanted(), found.by());
  }

  @Override
  public Secret modelToken(String run, int epoch) {
    return tokens.token(run, epoch);
  }

  @Override
  public Money money(String run) {
    return known(
        run,
        reads.read(
            sql ->
                sql.one(
                    "SELECT spent_micros, held_micros, cap_micros FROM runs WHERE id = ?",
                    row ->
                        new Money(
                            new Usd(row.getLong(1)),
                            new Usd(row.getLong(2)),
                            new Usd(row.getLong(3))),
                    run)));
  }

  @Override
  public @Nullable Short shortOfMoney(String run) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT json_extract(e.data, '$.scope'), json_extract(e.data, '$.detail')"
                    + " FROM money_waits w JOIN events e ON e.run = w.run AND e.seq = w.seq"
                    + " WHERE w.run = ? ORDER BY w.seq DESC LIMIT 1",
                row -> new Short(row.getString(1), row.getString(2)),
                run));
  }

  private static <T> T known(String run, @Nullable T found) {
    if (found == null) {
      throw new IllegalArgumentException("there is no run " + run);
    }
    return found;
  }
}
