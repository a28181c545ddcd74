package dev.helm.cli.render;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import java.util.List;
import java.util.regex.Pattern;

/** Lines of tool calls: begun, ended, blocked, and those whose end nobody saw. */
final class CallLines {
  private static final int TAIL_CHARS_MAX = 4_000;
  private static final int LAST_COLUMNS_MAX = 120;
  private static final Pattern FRAME =
      Pattern.compile("\\((exit code|the command|[0-9]+ more bytes) .*\\)");

  private CallLines() {}

  static List<Line> started(Line line, RunEvent.ToolStarted e, RunView before) {
    RunView.Call call = before.call(e.toolUseId(), e.tool());
    if (e.attempt() > 1) {
      return List.of(
          callOf(line, call.tool(), call.object()).add(Role.QUIET, " · attempt " + e.attempt()));
    }
    // What a person allowed stands in its permission's lines just above.
    return e.gate().by().equals("person")
        ? List.of()
        : List.of(callOf(line, call.tool(), call.object()));
  }

  /** A call with its tool made strong, added to a line. */
  static Line callOf(Line line, String tool, String object) {
    String shown = EventText.text(object);
    String between = shown.isEmpty() || shown.startsWith("\"") ? " " : " · ";
    return line.add(Role.STRONG, SafeText.line(tool)).object(Role.TEXT, between + shown);
  }

  static List<Line> ended(Line line, RunEvent.ToolFinished e, RunView before) {
    if (e.tool().equals("AskPerson") && !e.outcome().equals("failed")) {
      // The answer's own line stands just above.
      return List.of();
    }
    String summary = EventText.text(e.summary());
    if (e.outcome().equals("ok")) {
      // "47 KB" needs a verb; "written" is one.
      boolean fact = summary.isEmpty() || Character.isDigit(summary.charAt(0));
      line.add(Role.LIVE, fact ? "ok" : "")
          .object(Role.QUIET, fact && !summary.isEmpty() ? " · " + summary : summary);
    } else {
      String verb = e.outcome().equals("timedOut") ? "timed out" : SafeText.line(e.outcome());
      String exit = e.exitCode() == null ? "" : " · exit " + e.exitCode();
      // A summary begins with the outcome and the code, which stand there already.
      String why = summary.startsWith(verb) ? summary.substring(verb.length()) : " · " + summary;
      why = why.startsWith(exit) ? why.substring(exit.length()) : why;
      why = summary.isEmpty() || summary.equals("exit " + e.exitCode()) ? "" : why;
      line.add(Role.STOP, "✗ " + verb + exit).object(Role.TEXT, why + last(e.result(), why));
    }
    if (before.running().size() > 1) {
      RunView.Call call = before.call(e.toolUseId(), e.tool());
      line.add(
          Role.QUIET, " · " + Columns.cutMiddle(CallText.line(call.tool(), call.object()), 32));
    }
    return List.of(line);
  }

  /** The last line that a failed command wrote, which mostly says why; its frame is left out. */
  private static String last(Content result, String why) {
    if (!why.endsWith(" of output") || !(result instanceof Content.Text text)) {
      return "";
    }
    String tail = text.text().substring(Math.max(0, text.text().length() - TAIL_CHARS_MAX));
    String last =
        tail.lines()
            .map(String::strip)
            .filter(row -> !row.isEmpty() && !FRAME.matcher(row).matches())
            .reduce("", (_, row) -> row);
    return last.isEmpty() ? "" : " · " + Columns.cutEnd(SafeText.line(last), LAST_COLUMNS_MAX);
  }

  static List<Line> blocked(Line line, RunEvent.ToolBlocked e, RunView before) {
    RunView.Call call = before.call(e.toolUseId(), e.tool());
    return List.of(
        line.add(Role.STOP, "⊘ blocked")
            .object(Role.TEXT, " · " + CallText.line(call.tool(), call.object()))
            .add(Role.TEXT, " · ")
            .prose(Role.TEXT, EventText.text(e.reason())));
  }

  static List<Line> unknown(RunEvent.ToolUnknown e, RunView before) {
    RunView.Call call = before.call(e.toolUseId(), e.tool());
    return List.of(
        Line.of(Role.WAIT, "Outcome unknown"),
        Line.of()
            .object(
                Role.TEXT,
                CallText.line(call.tool(), call.object()) + " · " + EventText.text(e.reason())),
        Line.of(Role.STRONG, "1 happened").prose(Role.QUIET, " · it took effect; the run goes on"),
        Line.of(Role.STRONG, "2 again").prose(Role.QUIET, " · the call is made once more"),
        Line.of(Role.STRONG, "3 stop").prose(Role.QUIET, " · the run is cancelled"));
  }
}
