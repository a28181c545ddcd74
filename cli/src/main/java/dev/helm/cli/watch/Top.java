package dev.helm.cli.watch;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.render.Columns;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All active runs on one screen, looked at every second; in a pipe once. */
public final class Top {
  private static final long LOOK_EVERY_MS = 1_000;
  private static final long TICK_MS = 250;
  private static final long NOTE_MS = 6_000;
  private static final int PIPE_EVENTS = 10;

  private final Context context;
  private final HelmClient client;
  private final BlockingQueue<Signal> queue = new LinkedBlockingQueue<>();
  private final TopRows rows;
  private @Nullable TopBoard board;
  private String selected = "";
  private String trouble = "";
  private String note = "";
  private long notedNanos;
  private @Nullable InputLine steering;

  private sealed interface Signal {
    record Pressed(int key) implements Signal {}

    record Seen(TopBoard board) implements Signal {}

    record Trouble(String words) implements Signal {}

    record Fatal(Failure failure) implements Signal {}

    record Told(String words) implements Signal {}
  }

  private enum Next {
    STAY,
    OPEN,
    QUIT
  }

  /** A dashboard over this session's service. */
  public Top(Context context, HelmClient client) {
    this.context = context;
    this.client = client;
    this.rows = new TopRows(ZoneId.systemDefault(), client.session().user());
  }

  /** Prints it once. */
  public ExitCode once(boolean json) {
    TopBoard now = new TopSource(client).look();
    if (json) {
      context.out().line(TopJson.of(now));
    } else {
      int most = 2 * now.runs().size() + PIPE_EVENTS + 8;
      context.out().lines(rows.rows(now, "", context.out().width(), most));
    }
    return ExitCode.DONE;
  }

  // ---- the live one ------------------------------------------------------------------------

  /** Shows it until the person has enough; a run that is opened comes in between. */
  public ExitCode live() throws IOException, InterruptedException {
    Thread looking = Thread.ofVirtual().name("top").start(this::look);
    try {
      while (true) {
        switch (session()) {
          case QUIT, STAY -> {
            return ExitCode.DONE;
          }
          case OPEN -> {
            Bodies.Run run = client.run(selected).as(Bodies.Run.class);
            ExitCode unused = new Watch(context, client, false).follow(run);
          }
        }
      }
    } finally {
      looking.interrupt();
    }
  }

  private void look() {
    TopSource source = new TopSource(client);
    boolean ever = false;
    try {
      while (true) {
        try {
          queue.add(new Signal.Seen(source.look()));
          ever = true;
        } catch (Failure failure) {
          queue.add(
              ever && failure.exit() != ExitCode.NOT_LOGGED_IN
                  ? new Signal.Trouble(failure.what())
                  : new Signal.Fatal(failure));
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MS);
      }
    } catch (InterruptedException e) {
      // The dashboard is closed.
    }
  }

  private Next session() throws IOException, InterruptedException {
    try (Keyboard keyboard = Keyboard.open(key -> queue.add(new Signal.Pressed(key)));
        FullScreen screen =
            new FullScreen(
                keyboard.terminal().writer(),
                () -> keyboard.terminal().getWidth(),
                () -> keyboard.terminal().getHeight(),
                context.out().dataPaint())) {
      while (true) {
        draw(screen);
        Signal signal = queue.poll(TICK_MS, TimeUnit.MILLISECONDS);
        Next next = signal == null ? Next.STAY : take(signal);
        if (next != Next.STAY) {
          return next;
        }
      }
    }
  }

  private Next take(Signal signal) {
    return switch (signal) {
      case Signal.Pressed pressed ->
          steering == null ? press(pressed.key()) : type(steering, pressed.key());
      case Signal.Seen seen -> {
        board = seen.board();
        trouble = "";
        keepSelection(seen.board());
        yield Next.STAY;
      }
      case Signal.Trouble bad -> {
        trouble = bad.words();
        yield Next.STAY;
      }
      case Signal.Fatal fatal -> throw fatal.failure();
      case Signal.Told told -> {
        note(told.words());
        yield Next.STAY;
      }
    };
  }

  private void note(String words) {
    note = words;
    notedNanos = System.nanoTime();
  }

  private void keepSelection(TopBoard now) {
    boolean there = now.runs().stream().anyMatch(run -> run.id().equals(selected));
    if (!there) {
      selected = now.runs().isEmpty() ? "" : now.runs().getFirst().id();
    }
  }

  private Next press(int key) {
    switch (key) {
      case 'q', Keyboard.INTERRUPT -> {
        return Next.QUIT;
      }
      case 'j', Keyboard.DOWN -> move(1);
      case 'k', Keyboard.UP -> move(-1);
      case InputLine.ENTER -> {
        return selected.isEmpty() ? Next.STAY : Next.OPEN;
      }
      case 'a', 'd' -> {
        return decide();
      }
      case 's' -> steering = selected.isEmpty() ? null : new InputLine("");
      case 'p' -> pauseOrResume();
      default -> {}
    }
    return Next.STAY;
  }

  private void move(int by) {
    TopBoard now = board;
    if (now == null || now.runs().isEmpty()) {
      return;
    }
    List<String> ids = now.runs().stream().map(Bodies.Run::id).toList();
    int at = Math.clamp(ids.indexOf(selected) + by, 0, ids.size() - 1);
    selected = ids.get(at);
  }

  /** A call is allowed only where the whole of it is seen: in the run's watch. */
  private Next decide() {
    TopBoard now = board;
    if (now == null || now.inbox().isEmpty()) {
      note("Nothing waits for you.");
      return Next.STAY;
    }
    if (now.waitingIn(selected).isEmpty()) {
      selected = now.inbox().getFirst().run();
    }
    return Next.OPEN;
  }

  private Next type(InputLine line, int key) {
    if (key == InputLine.ESCAPE || key == Keyboard.INTERRUPT) {
      steering = null;
    } else if (key == InputLine.ENTER) {
      steering = null;
      String text = line.text().strip();
      if (!text.isEmpty()) {
        String run = selected;
        inBackground(
            () -> {
              client.message(run, text, "next");
              return "Queued: it is read at the agent's next turn.";
            });
      }
    } else {
      line.type(key);
    }
    return Next.STAY;
  }

  private void pauseOrResume() {
    TopBoard now = board;
    if (now == null || selected.isEmpty()) {
      return;
    }
    boolean paused =
        now.waitingIn(selected).isEmpty()
            && now.runs().stream()
                .anyMatch(run -> run.id().equals(selected) && run.status().word().equals("paused"));
    String run = selected;
    inBackground(
        () -> {
          client.control(run, paused ? "resume" : "pause");
          return paused ? "Goes on." : "Pauses after the call that runs now.";
        });
  }

  private interface Work {
    String run();
  }

  private void inBackground(Work work) {
    Thread.ofVirtual()
        .name("request")
        .start(
            () -> {
              try {
                queue.add(new Signal.Told(work.run()));
              } catch (Failure failure) {
                queue.add(new Signal.Told((failure.what() + " " + failure.todo()).strip()));
              }
            });
  }

  // ---- drawing -----------------------------------------------------------------------------

  private void draw(FullScreen screen) {
    TopBoard now = board;
    if (now == null) {
      screen.draw(List.of(Line.of(Role.QUIET, "Looking at " + SafeText.line(client.url()) + " …")));
      return;
    }
    TopBoard ticking =
        new TopBoard(
            trouble.isEmpty() ? Instant.now() : now.at(),
            now.status(),
            now.runs(),
            now.inbox(),
            now.today(),
            now.spentToday(),
            now.newest(),
            now.perSecond());
    List<Line> lines =
        new ArrayList<>(rows.rows(ticking, selected, screen.columns(), screen.rows() - 1));
    if (!trouble.isEmpty()) {
      lines.set(
          0,
          Line.of(Role.STOP, "● ")
              .object(Role.STOP, SafeText.line(trouble))
              .add(Role.QUIET, " Trying again; what follows is old."));
    }
    lines.add(keys(screen.columns()));
    screen.draw(lines);
  }

  private Line keys(int columns) {
    if (steering != null) {
      return Line.of(Role.REST, "Steer " + Watch.shown(selected) + " (enter sends, esc leaves): ")
          .add(Role.TEXT, steering.shown(40));
    }
    if (!note.isEmpty() && System.nanoTime() - notedNanos < NOTE_MS * 1_000_000) {
      return Line.of(Role.REST, SafeText.line(note));
    }
    String keys = "j k move · enter watch · a d decide · s steer · p pause, resume · q quit";
    return Line.of(
        Role.QUIET,
        Columns.of(keys) <= columns
            ? keys
            : "j k move · enter · a d decide · s steer · p pause · q quit");
  }
}
