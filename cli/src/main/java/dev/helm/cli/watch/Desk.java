package dev.helm.cli.watch;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.http.Json;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The person's side of an interactive watch: which key does what now, what is being typed, and the
 * rows below the log that say so. A call is allowed only after it stood on the screen as a whole.
 */
final class Desk {
  /** A key pressed before its question could be read belongs to something else. */
  private static final long SETTLE_MS = 300;

  /** Longest arguments that are edited in the line. */
  private static final int EDIT_CHARS_MAX = 2_000;

  private enum Mode {
    LOG,
    STEER,
    REASON,
    EDIT,
    REMEMBER,
    ANSWER
  }

  private final RunView view;
  private final RunRenderer renderer;
  private final Screen screen;
  private final Requests requests;
  private final Set<String> seen = new HashSet<>();
  private final Set<String> sent = new HashSet<>();
  private Mode mode = Mode.LOG;
  private InputLine input = new InputLine("");
  private String focus = "";
  private long focusedNanos;
  private String target = "";
  private boolean quit;

  Desk(RunView view, RunRenderer renderer, Screen screen, Requests requests) {
    this.view = view;
    this.renderer = renderer;
    this.screen = screen;
    this.requests = requests;
  }

  boolean quit() {
    return quit;
  }

  /** Opens the steering line with a text that enter sends. */
  void offerSteer(String text) {
    if (mode == Mode.LOG) {
      open(Mode.STEER, text, "");
    }
  }

  /** The log changed: what was being decided may be gone, something new may ask. */
  void refocus() {
    List<RunEvent.PermissionRequested> open = view.permissions();
    if (open.stream().noneMatch(p -> p.permissionId().equals(focus))) {
      focus(open.isEmpty() ? "" : open.getFirst().permissionId());
    }
    boolean gone =
        switch (mode) {
          case LOG, STEER -> false;
          case REASON, EDIT, REMEMBER ->
              open.stream().noneMatch(p -> p.permissionId().equals(target));
          case ANSWER -> view.questions().stream().noneMatch(q -> q.id().equals(target));
        };
    if (gone) {
      mode = Mode.LOG;
      screen.say("What you were typing is settled already.");
    }
  }

  /** Shows the whole call of what is in focus; needed once before it can be allowed. */
  void show(RunEvent.PermissionRequested permission) {
    List<String> rows = CallText.rows(permission.tool(), permission.arguments());
    if (rows == null) {
      screen.say(
          "The call is too long to be shown here. Deny it, or allow it without seeing it: helm allow "
              + SafeText.line(permission.permissionId())
              + " --unseen");
      return;
    }
    List<Line> lines = new ArrayList<>();
    int columns = screen.columns() - Columns.of("│ ");
    for (String row : rows) {
      // Wrapped, never cut: what is allowed has been on the screen to its last letter.
      Columns.wrap(row, columns)
          .forEach(part -> lines.add(Line.of(Role.QUIET, "│ ").add(Role.TEXT, part)));
    }
    for (String row : AskedText.rows(permission)) {
      Columns.wrap(row, columns)
          .forEach(part -> lines.add(Line.of(Role.QUIET, "│ ").add(Role.QUIET, part)));
    }
    screen.print(lines);
    seen.add(shown(permission));
    focusedNanos = System.nanoTime();
  }

  /** What has been seen, or sent: these arguments of this permission. */
  private static String shown(RunEvent.PermissionRequested permission) {
    return permission.permissionId() + permission.argumentsHash();
  }

  /** Shows the call in focus if it has not been shown. */
  void showFocused() {
    RunEvent.PermissionRequested permission = focused();
    if (permission != null && !seen.contains(shown(permission))) {
      show(permission);
    }
  }

  /** Takes a key. */
  void press(int key) {
    if (key == Keyboard.INTERRUPT) {
      quit = true;
    } else if (mode == Mode.LOG) {
      command(key);
    } else if (key == InputLine.ESCAPE) {
      mode = Mode.LOG;
    } else if (key == InputLine.ENTER) {
      enter();
    } else {
      input.type(key);
    }
  }

  private void command(int key) {
    RunEvent.PermissionRequested permission = focused();
    switch (key) {
      case 'q' -> quit = true;
      case 's' -> open(Mode.STEER, "", "");
      case 'p' -> requests.control(pausedByPerson() ? "resume" : "pause");
      case 'a' -> allow(permission);
      case 'd' -> {
        if (permission != null) {
          open(Mode.REASON, "", permission.permissionId());
        }
      }
      case 'e' -> edit(permission);
      case 'r' -> remember(permission);
      case 'v' -> {
        if (permission != null) {
          show(permission);
        }
      }
      case '\t' -> next();
      case 'w' ->
          view.questions().stream()
              .findFirst()
              .filter(RunView.Question::freeText)
              .ifPresent(q -> open(Mode.ANSWER, "", q.id()));
      default -> option(key);
    }
  }

  /** A run that waits for an answer is paused too, but no resume ends that. */
  private boolean pausedByPerson() {
    return view.status().equals("paused")
        && view.permissions().isEmpty()
        && view.questions().isEmpty();
  }

  private void allow(RunEvent.@Nullable PermissionRequested permission) {
    if (permission == null || System.nanoTime() - focusedNanos < SETTLE_MS * 1_000_000) {
      return;
    }
    if (!seen.contains(shown(permission))) {
      show(permission);
    } else if (sent.add(shown(permission))) {
      requests.decide(permission, true, "");
    }
  }

  /** Opens the arguments as one line of JSON; enter allows the call with what stands there. */
  private void edit(RunEvent.@Nullable PermissionRequested permission) {
    if (permission == null) {
      return;
    }
    if (permission.arguments() instanceof Content.Text text
        && text.text().length() <= EDIT_CHARS_MAX
        && SafeText.line(text.text()).equals(text.text())) {
      open(Mode.EDIT, text.text(), permission.permissionId());
    } else {
      screen.say(
          "The arguments do not fit into a line. Edit them with: helm allow "
              + SafeText.line(permission.permissionId())
              + " -e");
    }
  }

  /** Opens the rule that an allow would remember for the run, so that it is read first. */
  private void remember(RunEvent.@Nullable PermissionRequested permission) {
    if (permission == null || !seen.contains(shown(permission))) {
      return;
    }
    RunEvent.Suggestion suggestion = permission.remember();
    if (suggestion == null) {
      screen.say("No one rule would let this call pass, so there is nothing to remember.");
    } else {
      open(Mode.REMEMBER, suggestion.rule(), permission.permissionId());
    }
  }

  private void edited(RunEvent.PermissionRequested permission, String text) {
    try {
      Map<String, Object> arguments = Json.object(text);
      requests.edit(permission, arguments);
    } catch (IllegalArgumentException e) {
      screen.say("That is no JSON object: " + e.getMessage() + ". Nothing was decided.");
    }
  }

  private RunEvent.@Nullable PermissionRequested targeted() {
    return view.permissions().stream()
        .filter(p -> p.permissionId().equals(target))
        .findFirst()
        .orElse(null);
  }

  private void option(int key) {
    view.questions().stream()
        .findFirst()
        .filter(q -> key >= '1' && key - '1' < q.options().size())
        .ifPresent(q -> requests.answer(q.id(), q.options().get(key - '1')));
  }

  private void enter() {
    String text = input.text().strip();
    Mode done = mode;
    mode = Mode.LOG;
    switch (done) {
      case LOG -> {}
      case STEER -> {
        if (!text.isEmpty()) {
          requests.steer(
              text,
              view.permissions().isEmpty()
                  ? ""
                  : "Read after this decision; deny it to have it redone first.");
        }
      }
      case ANSWER -> {
        if (!text.isEmpty()) {
          requests.answer(target, text);
        }
      }
      case REASON, EDIT, REMEMBER -> {
        RunEvent.PermissionRequested permission = targeted();
        if (permission != null && done == Mode.REASON) {
          requests.decide(permission, false, text);
        } else if (permission != null && done == Mode.EDIT) {
          edited(permission, text);
        } else if (permission != null && !text.isEmpty()) {
          requests.remember(permission, text);
        }
      }
    }
  }

  private void open(Mode next, String text, String of) {
    mode = next;
    input = new InputLine(text);
    target = of;
  }

  private void next() {
    List<RunEvent.PermissionRequested> open = view.permissions();
    for (int i = 0; i < open.size(); i++) {
      if (open.get(i).permissionId().equals(focus)) {
        focus(open.get((i + 1) % open.size()).permissionId());
        showFocused();
        return;
      }
    }
  }

  private void focus(String permissionId) {
    focus = permissionId;
    focusedNanos = System.nanoTime();
  }

  private RunEvent.@Nullable PermissionRequested focused() {
    for (RunEvent.PermissionRequested open : view.permissions()) {
      if (open.permissionId().equals(focus)) {
        return open;
      }
    }
    return null;
  }

  // ---- what stands below the log -----------------------------------------------------------

  /** The rows for this moment. */
  List<Line> footer(Instant now) {
    List<Line> rows = new ArrayList<>();
    if (!view.liveText().isEmpty()) {
      rows.add(renderer.arriving(view.liveText(), now));
    }
    RunEvent.PermissionRequested permission = focused();
    if (permission != null) {
      rows.addAll(waiting(permission, now));
    } else if (!view.questions().isEmpty()) {
      RunView.Question question = view.questions().getFirst();
      rows.add(
          Line.of(Role.WAIT, "◆ ")
              .object(Role.TEXT, SafeText.prose(question.text()))
              .add(
                  Role.WAIT,
                  left(question.deadline(), now, question.unknown() ? "stays unknown" : "ends")));
    }
    if (mode == Mode.LOG) {
      rows.addAll(keys(permission, now));
    } else {
      rows.add(typing());
    }
    return rows;
  }

  /** The call with its whole recipients; on a row of its own where the terminal is narrow. */
  private List<Line> waiting(RunEvent.PermissionRequested permission, Instant now) {
    int open = view.permissions().size();
    String many = open > 1 ? " · 1 of " + open + ", tab next" : "";
    String state =
        sent.contains(shown(permission))
            ? " · allowing…"
            : left(permission.deadline(), now, "denies");
    String call =
        RunRenderer.callText(
            permission.tool(),
            CallText.whole(permission.tool(), permission.object(), permission.arguments()));
    Line line = Line.of(Role.WAIT, "◆ ").add(Role.STRONG, call).add(Role.WAIT, state + many);
    return Columns.of(line.plain()) <= screen.columns()
        ? List.of(line)
        : List.of(
            Line.of(Role.WAIT, "◆ ").prose(Role.STRONG, call),
            Line.of(Role.WAIT, " " + state + many));
  }

  private static String left(String deadline, Instant now, String verb) {
    Instant until = Times.instant(deadline);
    return until == null
        ? ""
        : " · " + verb + " in " + Times.countdown(Duration.between(now, until));
  }

  private Line typing() {
    String label =
        switch (mode) {
          case LOG -> "";
          case STEER -> "Steer (enter sends, esc leaves): ";
          case REASON -> "Reason to deny (enter denies, esc leaves): ";
          case EDIT -> "Arguments (enter allows with these, esc leaves): ";
          case REMEMBER -> "Allow, and from now on in this run (enter allows, esc leaves): ";
          case ANSWER -> "Answer (enter sends, esc leaves): ";
        };
    return Line.of(Role.REST, label).prose(Role.TEXT, input.shown(240));
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
      return List.of("s steer", pausedByPerson() ? "p resume" : "p pause", "q quit");
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
