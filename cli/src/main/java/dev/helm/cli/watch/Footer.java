package dev.helm.cli.watch;

import dev.helm.api.event.RunEvent;
import dev.helm.cli.render.AskedText;
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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows below the log: text that arrives, what waits for a person, and which keys do what. */
final class Footer {
  private final RunView view;
  private final RunRenderer renderer;
  private final Screen screen;

  Footer(RunView view, RunRenderer renderer, Screen screen) {
    this.view = view;
    this.renderer = renderer;
    this.screen = screen;
  }

  /**
   * The rows for this moment.
   *
   * @param permission the one in focus
   * @param allowing whether its allow is under way
   * @param typing what is being typed, in place of the keys
   */
  List<Line> rows(
      Instant now,
      RunEvent.@Nullable PermissionRequested permission,
      boolean allowing,
      @Nullable Line typing) {
    List<Line> rows = new ArrayList<>();
    if (!view.liveText().isEmpty()) {
      rows.add(renderer.arriving(view.liveText(), now));
    }
    if (permission != null) {
      rows.addAll(waiting(permission, allowing, now));
    } else if (!view.questions().isEmpty()) {
      RunView.Question question = view.questions().getFirst();
      rows.add(
          Line.of(Role.WAIT, "◆ ")
              .object(Role.TEXT, SafeText.prose(question.text()))
              .add(
                  Role.WAIT,
                  left(question.deadline(), now, question.unknown() ? "stays unknown" : "ends")));
    }
    if (typing == null) {
      rows.addAll(keys(permission, now));
    } else {
      rows.add(typing);
    }
    return rows;
  }

  /** The call with its whole recipients; on a row of its own where the terminal is narrow. */
  private List<Line> waiting(
      RunEvent.PermissionRequested permission, boolean allowing, Instant now) {
    int open = view.permissions().size();
    String many = open > 1 ? " · 1 of " + open + ", tab next" : "";
    String state =
        allowing
            ? " · allowing…"
            : escalated(permission, now) + left(permission.deadline(), now, "denies");
    String call =
        CallText.line(
            permission.tool(),
            CallText.whole(permission.tool(), permission.object(), permission.arguments()));
    Line line = Line.of(Role.WAIT, "◆ ").add(Role.STRONG, call).add(Role.WAIT, state + many);
    return Columns.of(line.plain()) <= screen.columns()
        ? List.of(line)
        : List.of(
            Line.of(Role.WAIT, "◆ ").prose(Role.STRONG, call),
            Line.of(Role.WAIT, " " + state + many));
  }

  private String escalated(RunEvent.PermissionRequested permission, Instant now) {
    RunView.Escalation told = view.escalation(permission.permissionId());
    return told == null
        ? ""
        : " · " + AskedText.escalated(told.to(), told.at(), now, renderer.zone());
  }

  private static String left(String deadline, Instant now, String verb) {
    Instant until = Times.instant(deadline);
    return until == null
        ? ""
        : " · " + verb + " in " + Times.countdown(Duration.between(now, until));
  }

  private List<Line> keys(RunEvent.@Nullable PermissionRequested permission, Instant now) {
    Instant began = view.began();
    String age = began == null ? "" : " · " + Times.span(Duration.between(began, now));
    Line line = Line.of(RunRenderer.statusRole(view.status()), view.status()).add(Role.QUIET, age);
    if (permission == null) {
      line.add(Role.QUIET, " · " + view.money());
    }
    List<Line> rows = new ArrayList<>();
    int used = Columns.of(line.plain());
    for (String key : keysNow(permission)) {
      int more = 3 + Columns.of(key);
      if (used + more > screen.columns()) {
        rows.add(line);
        line = Line.of(Role.QUIET, "  " + key);
        used = more - 1;
      } else {
        line.add(Role.QUIET, " · " + key);
        used += more;
      }
    }
    rows.add(line);
    return rows;
  }

  private List<String> keysNow(RunEvent.@Nullable PermissionRequested permission) {
    if (permission != null) {
      return permission.remember() == null
          ? List.of("a allow", "d deny", "e edit", "s steer", "v view", "q quit")
          : List.of("a allow", "d deny", "e edit", "r remember", "s steer", "v view", "q quit");
    }
    if (view.questions().isEmpty()) {
      return List.of("s steer", view.pausedByPerson() ? "p resume" : "p pause", "q quit");
    }
    RunView.Question question = view.questions().getFirst();
    List<String> keys = new ArrayList<>();
    if (question.unknown()) {
      for (int i = 0; i < question.options().size(); i++) {
        keys.add((i + 1) + " " + question.options().get(i));
      }
    } else {
      int options = Math.min(9, question.options().size());
      if (options > 0) {
        keys.add(options == 1 ? "1 choose" : "1-" + options + " choose");
      }
      if (question.freeText()) {
        keys.add("w write");
      }
    }
    keys.addAll(List.of("s steer", "q quit"));
    return keys;
  }
}
