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
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
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

  /** Arguments longer than this are hard to edit in one line. */
  private static final int EASY_CHARS_MAX = 240;

  private enum Mode {
    LOG(""),
    STEER("Steer (enter sends, esc leaves): "),
    REASON("Reason to deny (enter denies, esc leaves): "),
    EDIT("Arguments (enter allows with these, esc leaves): "),
    REMEMBER("Allow, and from now on in this run (enter allows, esc leaves): "),
    ANSWER("Answer (enter sends, esc leaves): ");

    private final String label;

    Mode(String label) {
      this.label = label;
    }
  }

  private final RunView view;
  private final Screen screen;
  private final Requests requests;
  private final Footer footer;
  private final Set<String> seen = new HashSet<>();
  private String asking = "";
  private long askedNanos = System.nanoTime();
  private final Set<String> sent = new HashSet<>();
  private final Map<String, String> drafts = new HashMap<>();
  private Mode mode = Mode.LOG;
  private InputLine input = new InputLine("");
  private String focus = "";
  private long focusedNanos;
  private String target = "";
  private RunEvent.@Nullable PermissionRequested opened;
  private long openedNanos;
  private boolean quit;

  Desk(RunView view, RunRenderer renderer, Screen screen, Requests requests) {
    this.view = view;
    this.screen = screen;
    this.requests = requests;
    this.footer = new Footer(view, renderer, screen);
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
    String question = view.questions().stream().findFirst().map(RunView.Question::id).orElse("");
    if (!question.equals(asking)) {
      asking = question;
      askedNanos = System.nanoTime();
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
      case 'p' -> requests.control(view.pausedByPerson() ? "resume" : "pause");
      case 'a' -> allow(permission);
      case 'd' -> {
        if (permission != null) {
          open(Mode.REASON, "", permission);
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

  private void allow(RunEvent.@Nullable PermissionRequested permission) {
    if (permission == null || !settled(focusedNanos)) {
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
    if (!seen.contains(shown(permission))) {
      // Enter allows: as with a, the whole of it has to be seen first.
      show(permission);
    } else if (permission.arguments() instanceof Content.Text text
        && text.text().length() <= EDIT_CHARS_MAX
        && SafeText.line(text.text()).equals(text.text())) {
      open(Mode.EDIT, drafts.getOrDefault(shown(permission), text.text()), permission);
      input = input.atStart();
      if (text.text().length() > EASY_CHARS_MAX) {
        screen.say(
            "Easier in $EDITOR, in another terminal: helm allow "
                + SafeText.line(permission.permissionId())
                + " -e");
      }
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
      open(Mode.REMEMBER, suggestion.rule(), permission);
    }
  }

  private void edited(RunEvent.PermissionRequested permission, String text) {
    // Whatever becomes of it: a refused edit is mended, not typed again.
    drafts.put(shown(permission), text);
    try {
      Map<String, Object> arguments = Json.object(text);
      requests.edit(permission, arguments);
    } catch (IllegalArgumentException e) {
      screen.say("That is no JSON object: " + e.getMessage() + ". Nothing was decided.");
    }
  }

  private void option(int key) {
    view.questions().stream()
        .findFirst()
        .filter(q -> settled(askedNanos))
        .filter(q -> key >= '1' && key - '1' < q.options().size())
        .ifPresent(q -> requests.answer(q.id(), q.options().get(key - '1')));
  }

  /** What is pressed in the first moment was meant for something else. */
  private static boolean settled(long sinceNanos) {
    return System.nanoTime() - sinceNanos >= SETTLE_MS * 1_000_000;
  }

  private void enter() {
    if ((mode == Mode.EDIT || mode == Mode.REMEMBER) && !settled(openedNanos)) {
      return;
    }
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
        // With the hash of what stood there when the line was opened, whatever is asked by now.
        RunEvent.PermissionRequested permission = opened;
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
    opened = null;
  }

  private void open(Mode next, String text, RunEvent.PermissionRequested of) {
    open(next, text, of.permissionId());
    opened = of;
    openedNanos = System.nanoTime();
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
    RunEvent.PermissionRequested permission = focused();
    boolean allowing = permission != null && sent.contains(shown(permission));
    Line typing =
        mode == Mode.LOG ? null : Line.of(Role.REST, mode.label).prose(Role.TEXT, input.shown(240));
    return footer.rows(now, permission, allowing, typing);
  }
}
