package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.HelmJson;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The inbox over the asks table. */
final class SqliteInbox implements InboxStore {
  private final ReadPool reads;
  private final Blobs blobs;

  SqliteInbox(ReadPool reads, Blobs blobs) {
    this.reads = reads;
    this.blobs = blobs;
  }

  private record Ask(
      String kind,
      String state,
      DecisionBodies.InboxItem item,
      @Nullable String decision,
      @Nullable String by,
      @Nullable String device,
      @Nullable String answer,
      @Nullable String closedAt,
      AskProjection.@Nullable Outcome outcome) {}

  @Override
  public Bodies.Page<DecisionBodies.InboxItem> list(
      Access access, int limit, @Nullable String cursor) {
    record Row(long pos, DecisionBodies.InboxItem item) {}
    long after = Cursor.number("inbox", cursor, 0);
    List<Row> rows =
        reads.read(
            sql ->
                sql.list(
                    "SELECT pos, item FROM asks WHERE "
                        + access.condition("project")
                        + " AND state = 'open' AND pos > ? ORDER BY pos LIMIT ?",
                    row -> new Row(row.getLong(1), item(row.getString(2))),
                    access.with(after, Cursor.limit(limit) + 1)));
    List<Row> page = rows.subList(0, Math.min(limit, rows.size()));
    return new Bodies.Page<>(
        page.stream().map(Row::item).toList(),
        rows.size() > limit ? Cursor.of("inbox", String.valueOf(page.getLast().pos())) : null);
  }

  @Override
  public DecisionBodies.@Nullable Permission permission(Access access, String id) {
    Ask ask = ask(access, id);
    if (ask == null || !ask.kind().equals("permission")) {
      return null;
    }
    DecisionBodies.Asked asked = ask.item().asked();
    DecisionBodies.Asked several = asked != null && asked.need() > 1 ? asked : null;
    AskProjection.Outcome outcome = ask.outcome();
    return new DecisionBodies.Permission(
        id,
        ask.item().run(),
        ask.state(),
        ask.item(),
        winner(ask),
        several == null ? null : Integer.valueOf(have(ask, several)),
        several == null ? null : Integer.valueOf(several.need()),
        outcome == null ? null : outcome.arguments(),
        outcome == null ? null : outcome.argumentsHash(),
        outcome == null ? null : outcome.remembered());
  }

  private static int have(Ask ask, DecisionBodies.Asked asked) {
    return "allow".equals(ask.decision()) ? asked.need() : asked.approvals().size();
  }

  private static DecisionBodies.@Nullable Winner winner(Ask ask) {
    return ask.decision() == null || ask.by() == null || ask.closedAt() == null
        ? null
        : new DecisionBodies.Winner(
            ask.decision(), new DecisionBodies.By(ask.by(), ask.device()), ask.closedAt());
  }

  @Override
  public @Nullable Question question(Access access, String id) {
    Ask ask = ask(access, id);
    if (ask == null || !(ask.kind().equals("question") || ask.kind().equals("unknown"))) {
      return null;
    }
    String answer = ask.answer() == null ? null : blobs.text(ContentJson.read(ask.answer()));
    return new Question(
        id,
        ask.item().run(),
        ask.kind(),
        ask.state(),
        ask.item(),
        answer,
        ask.by(),
        ask.closedAt());
  }

  @Override
  public String agentOf(String id) {
    String agent =
        reads.read(
            sql -> sql.one("SELECT agent FROM asks WHERE id = ?", row -> row.getString(1), id));
    return agent == null ? AgentRunWorkflow.MAIN : agent;
  }

  private @Nullable Ask ask(Access access, String id) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT kind, state, item, decision, by_name, device, answer, closed_at, outcome"
                    + " FROM asks WHERE "
                    + access.condition("project")
                    + " AND id = ?",
                row ->
                    new Ask(
                        row.getString(1),
                        row.getString(2),
                        item(row.getString(3)),
                        row.getString(4),
                        row.getString(5),
                        row.getString(6),
                        row.getString(7),
                        row.getString(8),
                        row.getString(9) == null
                            ? null
                            : HelmJson.read(row.getString(9), AskProjection.Outcome.class)),
                access.with(id)));
  }

  private static DecisionBodies.InboxItem item(String json) {
    return HelmJson.read(json, DecisionBodies.InboxItem.class);
  }
}
