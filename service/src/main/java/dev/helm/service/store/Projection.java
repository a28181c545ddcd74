package dev.helm.service.store;

import dev.helm.api.event.RunEvent;
import java.sql.SQLException;

/**
 * Keeps the tables that lists and cards are read from in step with the log, in the transaction of
 * each event. One class a subject; the compiler asks here for every new type.
 */
final class Projection {
  private final RunProjection runs = new RunProjection();
  private final AskProjection asks = new AskProjection();
  private final FileProjection files = new FileProjection();
  private final MessageProjection messages = new MessageProjection();
  private final MoneyProjection money = new MoneyProjection();

  /** Where an event stands. */
  record Place(String run, long seq, long pos, String at, String agent) {}

  void apply(Statements sql, Place place, RunEvent event) throws SQLException {
    switch (event) {
      case RunEvent.RunStarted e -> runs.started(sql, place, e);
      case RunEvent.RunPaused e -> {
        runs.paused(sql, place, e);
        asks.paused(sql, place, e);
      }
      case RunEvent.RunResumed e -> {
        runs.resumed(sql, place);
        asks.resumed(sql, place, e);
        money.resumed(sql, place, e);
      }
      case RunEvent.RunFinished e -> {
        runs.finished(sql, place, e);
        asks.finished(sql, place);
        money.over(sql, place);
      }
      case RunEvent.BudgetCharged e -> runs.charged(sql, place, e);
      case RunEvent.BudgetRaised e -> runs.raised(sql, place, e);
      case RunEvent.ToolRequested e -> CallTable.insert(sql, place, e);
      case RunEvent.ToolUnknown e -> asks.unknown(sql, place, e);
      case RunEvent.PermissionRequested e -> asks.permission(sql, place, e);
      case RunEvent.PermissionApproved e -> asks.approved(sql, place, e);
      case RunEvent.PermissionReminded e -> asks.reminded(sql, place, e);
      case RunEvent.PermissionDecided e -> {
        asks.decided(sql, place, e);
        CallTable.edited(sql, place, e);
        RememberedTable.insert(sql, place, e);
      }
      case RunEvent.QuestionAsked e -> asks.question(sql, place, e);
      case RunEvent.QuestionAnswered e -> asks.answered(sql, place, e);
      case RunEvent.MessageQueued e -> messages.queued(sql, place, e);
      case RunEvent.MessageRead e -> messages.read(sql, place, e);
      case RunEvent.MessageCancelled e -> messages.cancelled(sql, place, e);
      case RunEvent.RunCreated e -> {
        // RunQueries.create makes the row, since events refer to it.
        files.created(sql, place);
      }
      case RunEvent.TurnStarted e -> {}
      case RunEvent.ModelMessage e -> money.answered(sql, place.run(), place.agent());
      case RunEvent.ModelRetried e -> {}
      case RunEvent.ToolBlocked e -> {}
      case RunEvent.ToolStarted e -> {}
      case RunEvent.ToolOutput e -> {}
      case RunEvent.ToolFinished e -> {}
      case RunEvent.FileChanged e -> {}
      case RunEvent.FileRead e -> {}
      case RunEvent.McpConnected e -> {}
      case RunEvent.McpFailed e -> {}
      case RunEvent.EgressAllowed e -> {}
      case RunEvent.EgressDenied e -> {}
      case RunEvent.HookRan e -> {}
      case RunEvent.BudgetWarned e -> {}
      case RunEvent.BudgetExhausted e -> money.exhausted(sql, place, e);
      case RunEvent.LimitReached e -> {}
      case RunEvent.SnapshotTaken e -> files.taken(sql, place, e);
      case RunEvent.RunRolledback e -> {
        money.over(sql, place);
        runs.rolledBack(sql, place, e);
        asks.finished(sql, place);
        money.over(sql, place);
        files.rolledBack(sql, place, e);
        CallTable.rolledBack(sql, place);
        RememberedTable.rolledBack(sql, place, e);
      }
      case RunEvent.RunForked e -> {}
      case RunEvent.SubagentSpawned e -> SubagentTable.spawned(sql, place, e);
      case RunEvent.SubagentFinished e -> {
        money.answered(sql, place.run(), e.subagent());
        SubagentTable.finished(sql, place, e);
        asks.returned(sql, place, e);
      }
      case RunEvent.RunStalled e -> {}
      case RunEvent.NotificationSent e -> {}
      case RunEvent.BlobErased e -> {}
      case RunEvent.Unknown e -> {}
    }
  }
}
