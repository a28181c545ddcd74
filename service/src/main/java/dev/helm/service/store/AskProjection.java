package dev.helm.service.store;

import dev.helm.activities.store.Runs;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What waits for a person: permissions, questions, unknown outcomes, spent budgets. */
final class AskProjection {
  /**
   * How long a spent budget is shown as waiting, where the log names no deadline: longer than the
   * longest day, so that a new day's money comes in time.
   */
  static final Duration BUDGET_WAIT = Duration.ofHours(26);

  /** Who it was: the id for Helm, the name for people; takes the name twice. */
  private static final String BY =
      "principal = (SELECT id FROM principals WHERE name = ?), by_name = ?,";

  private static final List<String> UNKNOWN_ANSWERS = List.of("happened", "again", "stop");

  /** What was decided on. */
  record Outcome(
      String argumentsHash,
      @Nullable Content arguments,
      RunEvent.@Nullable Remembered remembered) {}

  private record Owner(String name, String project) {}

  void permission(Statements sql, Projection.Place place, RunEvent.PermissionRequested e)
      throws SQLException {
    Owner owner = owner(sql, place);
    open(
        sql,
        place,
        new DecisionBodies.InboxItem(
            e.permissionId(),
            "permission",
            place.run(),
            owner.name(),
            owner.project(),
            place.seq(),
            place.at(),
            e.deadline(),
            "deny",
            e.toolUseId(),
            e.tool(),
            e.object(),
            e.arguments(),
            e.argumentsHash(),
            e.reason(),
            null,
            null,
            null,
            DecisionBodies.Asked.of(e)));
  }

  /** Somebody allowed; whoever changed the arguments begins the count anew. */
  void approved(Statements sql, Projection.Place place, RunEvent.PermissionApproved e)
      throws SQLException {
    change(
        sql,
        place,
        e.permissionId(),
        (item, asked) -> {
          boolean edits = !e.argumentsHash().equals(item.argumentsHash());
          List<String> approvals = new ArrayList<>(edits ? List.of() : asked.approvals());
          approvals.add(e.by());
          Content arguments = e.arguments() == null ? item.arguments() : e.arguments();
          return item.with(
              arguments,
              e.argumentsHash(),
              asked.allowed(
                  approvals, edits ? null : asked.diff(), edits ? e.by() : asked.editedBy()));
        });
  }

  void reminded(Statements sql, Projection.Place place, RunEvent.PermissionReminded e)
      throws SQLException {
    boolean escalated = e.stage().equals("escalated");
    change(
        sql,
        place,
        e.permissionId(),
        (item, asked) ->
            item.with(
                item.arguments(),
                item.argumentsHash(),
                escalated ? asked.escalated(e.to(), place.at()) : asked.reminded()));
  }

  private static void change(
      Statements sql,
      Projection.Place place,
      String id,
      BiFunction<DecisionBodies.InboxItem, DecisionBodies.Asked, DecisionBodies.InboxItem> how)
      throws SQLException {
    String open = " WHERE id = ? AND run = ? AND state = 'open'";
    String json = sql.one("SELECT item FROM asks" + open, r -> r.getString(1), id, place.run());
    if (json == null) {
      return;
    }
    DecisionBodies.InboxItem item = HelmJson.read(json, DecisionBodies.InboxItem.class);
    DecisionBodies.Asked asked = item.asked();
    if (asked != null) {
      String changed = HelmJson.write(how.apply(item, asked));
      sql.update("UPDATE asks SET item = ?" + open, changed, id, place.run());
    }
  }

  void question(Statements sql, Projection.Place place, RunEvent.QuestionAsked e)
      throws SQLException {
    open(
        sql,
        place,
        plain(
            sql,
            place,
            e.questionId(),
            "question",
            e.deadline(),
            "unanswered",
            e.toolUseId(),
            "AskPerson",
            e.text(),
            e.options(),
            e.freeText()));
  }

  void unknown(Statements sql, Projection.Place place, RunEvent.ToolUnknown e) throws SQLException {
    Owner owner = owner(sql, place);
    // Nobody can say whether a call happened without seeing what it was.
    Runs.RequestedCall call = CallTable.find(sql, place.run(), e.toolUseId());
    open(
        sql,
        place,
        new DecisionBodies.InboxItem(
            e.questionId(),
            "unknown",
            place.run(),
            owner.name(),
            owner.project(),
            place.seq(),
            place.at(),
            e.deadline(),
            "unknown",
            e.toolUseId(),
            e.tool(),
            call == null ? null : call.object(),
            call == null ? null : call.edited() == null ? call.arguments() : call.edited(),
            null,
            null,
            e.reason(),
            UNKNOWN_ANSWERS,
            null,
            null));
  }

  void paused(Statements sql, Projection.Place place, RunEvent.RunPaused e) throws SQLException {
    if (e.reason().equals("budget") && !asksForMoney(sql, place)) {
      String deadline = Times.text(Instant.parse(place.at()).plus(BUDGET_WAIT));
      String id = place.run() + "-budget-" + place.seq();
      open(
          sql,
          place,
          plain(sql, place, id, "budget", deadline, "fail", null, null, e.detail(), null, null));
    }
  }

  private static boolean asksForMoney(Statements sql, Projection.Place place) throws SQLException {
    return sql.number(
            "SELECT count(*) FROM asks WHERE run = ? AND state = 'open' AND kind = 'budget'",
            0,
            place.run())
        > 0;
  }

  void resumed(Statements sql, Projection.Place place, RunEvent.RunResumed e) throws SQLException {
    if (!e.reason().equals("budget")) {
      return;
    }
    sql.update(
        "UPDATE asks SET state = 'decided', decision = 'raised', "
            + BY
            + " closed_at = ?"
            + " WHERE run = ? AND state = 'open' AND kind = 'budget'",
        e.by(),
        e.by(),
        place.at(),
        place.run());
  }

  void finished(Statements sql, Projection.Place place) throws SQLException {
    sql.update(
        "UPDATE asks SET state = 'expired', closed_at = ? WHERE run = ? AND state = 'open'",
        place.at(),
        place.run());
  }

  /** Who asked is not there any more. */
  void returned(Statements sql, Projection.Place place, RunEvent.SubagentFinished e)
      throws SQLException {
    sql.update(
        "UPDATE asks SET state = 'expired', closed_at = ? WHERE run = ? AND state = 'open'"
            + " AND (agent = ? OR substr(agent, 1, length(?)) = ?)",
        place.at(),
        place.run(),
        e.subagent(),
        e.subagent() + "/",
        e.subagent() + "/");
  }

  void decided(Statements sql, Projection.Place place, RunEvent.PermissionDecided e)
      throws SQLException {
    sql.update(
        "UPDATE asks SET state = ?, decision = ?, "
            + BY
            + " device = ?, outcome = ?, closed_at = ?"
            + " WHERE id = ? AND run = ? AND state = 'open'",
        e.by().equals("timeout") ? "expired" : "decided",
        e.decision(),
        e.by(),
        e.by(),
        e.device(),
        HelmJson.write(new Outcome(e.argumentsHash(), e.arguments(), e.remembered())),
        place.at(),
        e.permissionId(),
        place.run());
  }

  void answered(Statements sql, Projection.Place place, RunEvent.QuestionAnswered e)
      throws SQLException {
    Content answer = e.answer();
    sql.update(
        "UPDATE asks SET state = ?, "
            + BY
            + " answer = ?, closed_at = ?"
            + " WHERE id = ? AND run = ? AND state = 'open'",
        e.by().equals("timeout") ? "expired" : "answered",
        e.by(),
        e.by(),
        answer == null ? null : HelmJson.write(answer),
        place.at(),
        e.questionId(),
        place.run());
  }

  private static DecisionBodies.InboxItem plain(
      Statements sql,
      Projection.Place place,
      String id,
      String kind,
      String deadline,
      String otherwise,
      @Nullable String toolUseId,
      @Nullable String tool,
      @Nullable String text,
      @Nullable List<String> options,
      @Nullable Boolean freeText)
      throws SQLException {
    Owner owner = owner(sql, place);
    return new DecisionBodies.InboxItem(
        id,
        kind,
        place.run(),
        owner.name(),
        owner.project(),
        place.seq(),
        place.at(),
        deadline,
        otherwise,
        toolUseId,
        tool,
        null,
        null,
        null,
        null,
        text,
        options,
        freeText,
        null);
  }

  private static Owner owner(Statements sql, Projection.Place place) throws SQLException {
    Owner owner =
        sql.one(
            "SELECT name, project FROM runs WHERE id = ?",
            row -> new Owner(row.getString(1), row.getString(2)),
            place.run());
    if (owner == null) {
      throw new IllegalArgumentException("there is no run " + place.run());
    }
    return owner;
  }

  private static void open(Statements sql, Projection.Place place, DecisionBodies.InboxItem item)
      throws SQLException {
    sql.update(
        "INSERT INTO asks (id, kind, run, project, seq, pos, asked_at, deadline, otherwise, item,"
            + " agent, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open') ON CONFLICT DO NOTHING",
        item.id(),
        item.kind(),
        place.run(),
        item.project(),
        place.seq(),
        place.pos(),
        place.at(),
        item.deadline(),
        item.otherwise(),
        HelmJson.write(item),
        place.agent());
  }
}
