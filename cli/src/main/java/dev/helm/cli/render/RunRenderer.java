package dev.helm.cli.render;

import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The log's lines, as the landing page shows them: {@code time verb · object · result}. Pure: an
 * event and the state before it give lines; what says nothing new to a reader gives none.
 */
public final class RunRenderer {
  private final ZoneId zone;
  private final String me;

  /**
   * A renderer for one reader.
   *
   * @param zone in which times are shown
   * @param me the reader's name, whose deeds are told as "you"; may be empty
   */
  public RunRenderer(ZoneId zone, String me) {
    this.zone = zone;
    this.me = me;
  }

  /** In which times are shown. */
  public ZoneId zone() {
    return zone;
  }

  /** The head above a run's log. */
  public List<Line> header(String shownId, String name, String status, @Nullable Duration age) {
    Role role = statusRole(status);
    Line second = Line.of(role, status);
    if (age != null) {
      second.add(Role.QUIET, " · " + Times.span(age));
    }
    return List.of(
        Line.of(Role.QUIET, "Live · run #" + shownId + " · ")
            .object(Role.STRONG, SafeText.line(name)),
        second);
  }

  /** What an event adds to the log on the screen; {@code before} does not hold it yet. */
  public List<Line> lines(LoggedEvent logged, RunEvent event, RunView before) {
    Line line = start(logged);
    return switch (event) {
      case RunEvent.RunCreated e -> created(line, e);
      case RunEvent.RunStarted _, RunEvent.TurnStarted _ -> List.of();
      case RunEvent.RunPaused e -> paused(line, e);
      case RunEvent.RunResumed e -> resumed(line, e);
      case RunEvent.RunFinished e -> finished(line, logged, e, before);
      case RunEvent.ModelMessage e -> message(line, e);
      case RunEvent.ModelRetried e -> retried(line, e);
      case RunEvent.ToolRequested _, RunEvent.ToolOutput _ -> List.of();
      case RunEvent.ToolBlocked e -> CallLines.blocked(line, e, before);
      case RunEvent.ToolStarted e -> CallLines.started(line, e, before);
      case RunEvent.ToolFinished e -> CallLines.ended(line, e, before);
      case RunEvent.ToolUnknown e -> CallLines.unknown(e, before);
      case RunEvent.PermissionRequested e -> permission(e);
      case RunEvent.PermissionDecided e -> decided(line, e, before);
      case RunEvent.QuestionAsked e -> question(e);
      case RunEvent.QuestionAnswered e -> answered(line, e);
      case RunEvent.MessageQueued e -> queued(e);
      case RunEvent.MessageRead e -> one(line.add(Role.QUIET, "read at turn " + e.turn()));
      case RunEvent.MessageCancelled e ->
          one(line.add(Role.QUIET, "message taken back" + by(e.by())));
      case RunEvent.FileChanged e -> changed(line, e, before);
      case RunEvent.FileRead _, RunEvent.EgressAllowed _, RunEvent.BudgetCharged _ -> List.of();
      case RunEvent.EgressDenied e -> egress(line, e);
      case RunEvent.BudgetWarned e ->
          one(
              line.add(
                  Role.WAIT,
                  "budget · "
                      + e.percent()
                      + " % · "
                      + e.spentUsd().shown()
                      + " / "
                      + e.capUsd().shown()
                      + capOf(e)));
      case RunEvent.BudgetExhausted e -> exhausted(line, e);
      case RunEvent.BudgetRaised e ->
          one(
              line.add(
                  Role.TEXT,
                  "budget raised by "
                      + e.amountUsd().shown()
                      + " to "
                      + e.capUsd().shown()
                      + by(e.by())));
      case RunEvent.LimitReached e ->
          one(line.add(Role.WAIT, "limit reached · ").object(Role.TEXT, limit(e)));
      case RunEvent.PermissionApproved _,
          RunEvent.PermissionReminded _,
          RunEvent.SnapshotTaken _,
          RunEvent.RunRolledback _,
          RunEvent.RunForked _,
          RunEvent.SubagentSpawned _,
          RunEvent.SubagentFinished _,
          RunEvent.RunStalled _,
          RunEvent.NotificationSent _,
          RunEvent.HookRan _,
          RunEvent.BlobErased _,
          RunEvent.McpConnected _,
          RunEvent.McpFailed _ ->
          ControlLines.of(line, event);
      case RunEvent.Unknown e -> other(line, e);
    };
  }

  /** The line of text that is still arriving, with the cursor at its end. */
  public Line arriving(String text, Instant now) {
    return Line.of(Role.QUIET, Times.clock(now.toString(), zone) + " ")
        .prose(Role.TEXT, SafeText.prose(text) + "_");
  }

  private Line start(LoggedEvent logged) {
    Line line = Line.of(Role.QUIET, Times.clock(logged.at(), zone) + " ");
    return logged.agent().equals("main") || logged.agent().isEmpty()
        ? line
        : line.add(Role.REST, SafeText.line(logged.agent()) + " ");
  }

  private static List<Line> created(Line line, RunEvent.RunCreated e) {
    return e.schedule() == null
        ? List.of()
        : one(
            line.add(
                Role.QUIET,
                "started by schedule "
                    + SafeText.line(e.schedule())
                    + " for "
                    + SafeText.line(String.valueOf(e.scheduledAt()))));
  }

  // ---- the run and the model ---------------------------------------------------------------

  private List<Line> paused(Line line, RunEvent.RunPaused e) {
    return switch (e.reason()) {
      // The permission's or question's own lines say it.
      case "permission", "question" -> List.of();
      case "person" -> one(line.add(Role.REST, "paused" + by(e.by() == null ? "" : e.by())));
      default -> {
        String detail = e.detail() == null ? "" : " · " + EventText.text(e.detail());
        yield one(
            line.add(Role.WAIT, "paused · " + SafeText.line(e.reason())).object(Role.TEXT, detail));
      }
    };
  }

  private List<Line> resumed(Line line, RunEvent.RunResumed e) {
    return e.reason().equals("permission") || e.reason().equals("question")
        ? List.of()
        : one(line.add(Role.LIVE, "resumed").add(Role.QUIET, by(e.by() == null ? "" : e.by())));
  }

  private static List<Line> finished(
      Line line, LoggedEvent logged, RunEvent.RunFinished e, RunView before) {
    Role role = e.outcome().equals("succeeded") ? Role.LIVE : Role.STOP;
    Instant began = before.began();
    Instant end = Times.instant(logged.at());
    String age =
        began == null || end == null ? "" : " · " + Times.span(Duration.between(began, end));
    line.add(role, SafeText.line(e.outcome()))
        .add(Role.QUIET, age + " · " + before.money() + " · " + logged.seq() + " events");
    return e.reason() == null || e.reason().isEmpty() || role == Role.LIVE
        ? one(line)
        : one(line.add(Role.TEXT, " · ").prose(Role.TEXT, EventText.text(e.reason())));
  }

  private static List<Line> message(Line line, RunEvent.ModelMessage e) {
    String text = EventText.text(EventText.content(e.text()));
    return text.isEmpty() ? List.of() : one(line.prose(Role.TEXT, text));
  }

  private static List<Line> retried(Line line, RunEvent.ModelRetried e) {
    String status = e.status() == null ? "" : e.status() + " ";
    String wait = e.waitMs() < 1000 ? "at once" : "in " + (e.waitMs() + 500) / 1000 + " s";
    return one(
        line.add(Role.STOP, "model call failed")
            .object(Role.TEXT, " · " + status + EventText.text(e.reason()))
            .add(Role.QUIET, " · again " + wait));
  }

  // ---- people ------------------------------------------------------------------------------

  private static List<Line> permission(RunEvent.PermissionRequested e) {
    return List.of(
        Line.of(Role.WAIT, "Permission requested"),
        CallLines.callOf(Line.of(), e.tool(), e.object()),
        Line.of(Role.STRONG, "Allow Deny"));
  }

  private List<Line> decided(Line line, RunEvent.PermissionDecided e, RunView before) {
    boolean allowed = e.decision().equals("allow");
    line.add(allowed ? Role.LIVE : Role.STOP, allowed ? "allowed" : "denied");
    if (e.by().equals("timeout")) {
      return one(line.add(Role.QUIET, " · timed out"));
    }
    String device =
        e.device() == null || e.device().isEmpty() ? "" : " on " + EventText.text(e.device());
    line.add(Role.QUIET, by(e.by()) + device);
    if (e.reason() != null && !e.reason().isEmpty()) {
      line.add(Role.TEXT, " · ").prose(Role.TEXT, EventText.text(e.reason()));
    }
    List<Line> lines = new ArrayList<>(List.of(line));
    if (e.arguments() != null) {
      Content asked = before.asked(e.permissionId());
      for (String row : CallChange.rows(asked, e.arguments())) {
        lines.add(Line.of(Role.WAIT, "changed ").prose(Role.TEXT, row));
      }
    }
    if (e.remembered() != null) {
      String scope = e.remembered().scope().equals("run") ? "this run" : "this blueprint";
      lines.add(
          Line.of(Role.WAIT, "from now on in " + scope + " without asking: ")
              .object(Role.TEXT, EventText.text(e.remembered().rule())));
    }
    return lines;
  }

  private static List<Line> question(RunEvent.QuestionAsked e) {
    List<Line> lines = new ArrayList<>();
    lines.add(Line.of(Role.WAIT, "Question"));
    lines.add(Line.of().prose(Role.TEXT, EventText.text(e.text())));
    for (int i = 0; i < e.options().size(); i++) {
      lines.add(
          Line.of(Role.STRONG, (i + 1) + " ")
              .object(Role.TEXT, EventText.text(e.options().get(i))));
    }
    return lines;
  }

  private List<Line> answered(Line line, RunEvent.QuestionAnswered e) {
    if (e.by().equals("timeout")) {
      return one(line.add(Role.STOP, "not answered").add(Role.QUIET, " · timed out"));
    }
    String answer = e.answer() == null ? "" : " · " + EventText.text(EventText.content(e.answer()));
    return one(
        line.add(Role.LIVE, "answered").add(Role.QUIET, by(e.by())).object(Role.TEXT, answer));
  }

  private List<Line> queued(RunEvent.MessageQueued e) {
    String who = e.by().equals(me) ? "You" : SafeText.line(e.by());
    return one(
        Line.of(Role.STRONG, who + " ")
            .prose(Role.TEXT, EventText.text(EventText.content(e.text()))));
  }

  private String by(String who) {
    return who.isEmpty() ? "" : who.equals(me) ? " by you" : " by " + SafeText.line(who);
  }

  // ---- files, network, money ---------------------------------------------------------------

  /** A call that names the file in its own line has said it already. */
  private static List<Line> changed(Line line, RunEvent.FileChanged e, RunView before) {
    return before.call(e.toolUseId(), "").object().contains(e.path())
        ? List.of()
        : one(line.add(Role.QUIET, "± ").object(Role.TEXT, EventText.text(e.path())));
  }

  private static List<Line> egress(Line line, RunEvent.EgressDenied e) {
    return one(
        line.add(Role.STOP, "⊘ blocked")
            .object(Role.TEXT, " · " + EventText.text(e.host()) + ":" + e.port())
            .add(Role.TEXT, " · " + EventText.text(e.reason())));
  }

  /** Which cap it is, where it is not the run's own. */
  private static String capOf(RunEvent.BudgetWarned e) {
    return e.scope() == null || e.period() == null
        ? ""
        : " · " + SafeText.line(e.scope()) + " · " + SafeText.line(e.period());
  }

  private static List<Line> exhausted(Line line, RunEvent.BudgetExhausted e) {
    return one(
        line.add(
                Role.WAIT,
                "budget spent · " + e.spentUsd().shown() + " / " + e.capUsd().shown() + " · ")
            .prose(Role.TEXT, EventText.text(e.detail())));
  }

  private static String limit(RunEvent.LimitReached e) {
    return SafeText.line(e.limit()) + " · " + EventText.text(e.detail());
  }

  private static List<Line> other(Line line, RunEvent.Unknown e) {
    return e.type().equals("snapshot.taken") || e.type().equals("notification.sent")
        ? List.of()
        : one(line.object(Role.QUIET, SafeText.line(e.type())));
  }

  // ------------------------------------------------------------------------------------------

  /** The role in which a status is drawn. */
  public static Role statusRole(String status) {
    return switch (status) {
      case "running", "succeeded" -> Role.LIVE;
      case "paused" -> Role.REST;
      case "failed", "cancelled" -> Role.STOP;
      default -> Role.QUIET;
    };
  }

  private static List<Line> one(Line line) {
    return List.of(line);
  }
}
