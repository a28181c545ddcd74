package dev.helm.cli.watch;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.http.Records;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.Columns;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The rows of {@code helm top}: pure, a board and a size give lines. */
final class TopRows {
  private static final int NAME_MIN = 12;
  private static final int NAME_MAX = 40;
  private static final int STATUS = 16;
  private static final int TIME = 8;
  private static final int MONEY = 15;
  private static final int EVENTS = 6;
  private static final int FIXED = 2 + 5 + STATUS + 1 + TIME + 2 + MONEY + 1 + EVENTS + 2;

  private final ZoneId zone;
  private final RunRenderer renderer;

  TopRows(ZoneId zone, String me) {
    this.zone = zone;
    this.renderer = new RunRenderer(zone, me);
  }

  /**
   * Everything above the keys.
   *
   * @param selected id of the run with the mark, or an empty text
   * @param columns 0 where there is no width
   * @param rows how many there may be
   */
  List<Line> rows(TopBoard board, String selected, int columns, int rows) {
    List<Line> lines = new ArrayList<>();
    lines.add(head(board));
    lines.add(oldest(board, board.at()));
    lines.add(Line.of());
    // Half for the runs at most: what happens now is to be seen too.
    int runsRoom = Math.max(3, (rows - 6) / 2);
    lines.addAll(
        runs(board, selected, columns, Math.min(runsRoom, Math.max(1, board.runs().size()))));
    lines.add(Line.of());
    List<Line> events = events(board, columns);
    int eventsRoom = Math.max(0, rows - lines.size() - 2);
    List<Line> shown = events.subList(Math.max(0, events.size() - eventsRoom), events.size());
    lines.addAll(shown);
    for (int i = shown.size(); i < eventsRoom && columns > 0; i++) {
      lines.add(Line.of());
    }
    lines.add(Line.of());
    lines.add(health(board));
    return lines;
  }

  private static Line head(TopBoard board) {
    boolean healthy = board.status().backend().equals("healthy");
    int active = board.runs().size();
    int waits = board.inbox().size();
    Line line =
        Line.of(healthy ? Role.LIVE : Role.STOP, "● " + SafeText.line(board.status().backend()))
            .add(Role.STRONG, " · " + active + " active");
    if (waits > 0) {
      line.add(Role.WAIT, " · " + waits + (waits == 1 ? " waits" : " wait") + " for you");
    }
    line.add(Role.QUIET, String.format(Locale.ROOT, " · %.1f events/s", board.perSecond()));
    if (board.status().practice()) {
      line.add(Role.REST, " · practice");
    }
    if (!board.spentToday().isEmpty()) {
      line.add(Role.TEXT, " · " + board.spentToday() + " today");
    }
    var cap = board.today();
    if (cap != null) {
      boolean short20 = cap.leftUsd().micros() * 5 < cap.capUsd().micros();
      line.add(short20 ? Role.STOP : Role.QUIET, " / " + cap.capUsd().shown());
      if (!cap.scope().equals("installation")) {
        line.add(Role.QUIET, " (" + SafeText.line(cap.scope()) + ")");
      }
    }
    return line;
  }

  private static Line oldest(TopBoard board, Instant now) {
    if (board.inbox().isEmpty()) {
      return Line.of(Role.QUIET, "  nothing waits for you");
    }
    DecisionBodies.InboxItem item = board.inbox().getFirst();
    String object =
        item.tool() != null && !item.kind().equals("question")
            ? CallText.line(item.tool(), item.object() == null ? "" : item.object())
            : SafeText.prose(item.text() == null ? "" : item.text());
    Instant until = Times.instant(item.deadline());
    String then = item.otherwise().equals("deny") ? "denies" : "ends";
    String left =
        until == null ? "" : " · " + then + " in " + Times.countdown(Duration.between(now, until));
    return Line.of(Role.WAIT, "◆ ")
        .add(Role.STRONG, SafeText.line(item.runName()) + " · ")
        .object(Role.TEXT, object)
        .add(Role.WAIT, left);
  }

  // ---- runs --------------------------------------------------------------------------------

  private static List<Line> runs(TopBoard board, String selected, int columns, int most) {
    List<Line> lines = new ArrayList<>();
    int name = columns == 0 ? NAME_MAX : Math.clamp(columns - FIXED, NAME_MIN, NAME_MAX);
    lines.add(
        Line.of(
            Role.QUIET,
            "  "
                + pad("RUN", 5)
                + pad("NAME", name)
                + pad(" STATUS", STATUS + 1)
                + pad("TIME", TIME + 2)
                + left("SPENT", MONEY)
                + left("EVENTS", EVENTS + 1)));
    if (board.runs().isEmpty()) {
      lines.add(Line.of(Role.QUIET, "  no run is active · helm run q1-competitor-brief"));
      return lines;
    }
    int at = Math.max(0, indexOf(board, selected));
    int from = Math.max(0, Math.min(at - most / 2, board.runs().size() - most));
    Map<String, String> ids = shownIds(board.runs());
    for (int i = from; i < Math.min(board.runs().size(), from + most); i++) {
      Bodies.Run run = board.runs().get(i);
      lines.add(
          run(board, run, ids.getOrDefault(run.id(), run.id()), run.id().equals(selected), name));
    }
    return lines;
  }

  private static int indexOf(TopBoard board, String id) {
    for (int i = 0; i < board.runs().size(); i++) {
      if (board.runs().get(i).id().equals(id)) {
        return i;
      }
    }
    return -1;
  }

  private static Line run(TopBoard board, Bodies.Run run, String id, boolean marked, int name) {
    List<DecisionBodies.InboxItem> waits = board.waitingIn(run.id());
    boolean waiting = !waits.isEmpty();
    String status =
        waiting
            ? "◆ " + SafeText.line(waits.getFirst().kind())
            : run.status().word().equals("paused") && run.waitingFor() != null
                ? "paused · " + SafeText.line(run.waitingFor())
                : run.status().word();
    Instant began = Times.instant(run.startedAt() == null ? run.createdAt() : run.startedAt());
    String age =
        began == null
            ? ""
            : Times.span(Duration.between(began, board.at()).minusMillis(run.idleMs()));
    String money = run.spentUsd().shown() + " / " + run.budgetUsd().shown();
    return Line.of(marked ? Role.REST : Role.QUIET, marked ? "▸ " : "  ")
        .add(Role.QUIET, pad(SafeText.line(id), 5))
        .add(marked ? Role.STRONG : Role.TEXT, pad(SafeText.line(run.name()), name))
        .add(
            waiting ? Role.WAIT : RunRenderer.statusRole(run.status().word()),
            " " + pad(status, STATUS))
        .add(Role.QUIET, pad(age, TIME + 2))
        .add(Role.TEXT, left(money, MONEY))
        .add(Role.QUIET, left(String.valueOf(run.events()), EVENTS + 1));
  }

  private static Map<String, String> shownIds(List<Bodies.Run> runs) {
    Map<String, String> shown = new HashMap<>();
    for (Bodies.Run run : runs) {
      shown.put(run.id(), Watch.shown(run.id()));
    }
    return shown;
  }

  private static String pad(String text, int columns) {
    String cut = Columns.cutMiddle(text, columns - 1);
    return cut + " ".repeat(Math.max(0, columns - Columns.of(cut)));
  }

  private static String left(String text, int columns) {
    return " ".repeat(Math.max(0, columns - Columns.of(text))) + text;
  }

  // ---- events and health -------------------------------------------------------------------

  /** Each event's first line as a watch shows it, behind its run's id. */
  private List<Line> events(TopBoard board, int columns) {
    Map<String, RunView> views = new HashMap<>();
    List<Line> lines = new ArrayList<>();
    for (LoggedEvent event : board.newest()) {
      var read = Records.event(event);
      RunView view = views.computeIfAbsent(event.run(), _ -> new RunView());
      List<Line> drawn = renderer.lines(event, read, view);
      view.apply(event, read);
      if (!drawn.isEmpty()) {
        String clock = Times.clock(event.at(), zone);
        String text = drawn.getFirst().plain();
        String rest = text.startsWith(clock) ? text.substring(clock.length()).strip() : text;
        lines.add(
            Line.of(Role.QUIET, clock + " ")
                .add(Role.REST, Watch.shown(SafeText.line(event.run())) + " ")
                .object(Role.TEXT, columns == 0 ? rest : Columns.cutEnd(rest, columns)));
      }
    }
    return lines;
  }

  /** What is not well is named with its reason; the rest is one word. */
  private static Line health(TopBoard board) {
    Line line = Line.of();
    boolean first = true;
    for (Bodies.Component part : board.status().components()) {
      boolean well = part.state().equals("healthy") || part.state().equals("absent");
      line.add(Role.QUIET, first ? "" : " · ");
      first = false;
      line.add(well ? Role.QUIET : Role.STOP, SafeText.line(part.name()) + (well ? " ✓" : " ✗ "));
      if (!well) {
        line.add(Role.STOP, SafeText.line(part.state()));
        line.add(Role.QUIET, part.detail() == null ? "" : ", " + SafeText.line(part.detail()));
      }
    }
    return line;
  }
}
