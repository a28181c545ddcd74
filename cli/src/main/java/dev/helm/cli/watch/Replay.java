package dev.helm.cli.watch;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Records;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Moments;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.render.Times;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Plays a run's log again at the pace at which it happened, or some times as fast. */
public final class Replay {
  /** Slowest. */
  public static final double SPEED_MIN = 0.1;

  /** Fastest. */
  public static final double SPEED_MAX = 1_000;

  private static final int PAGE = 200;

  /** A pause that is longer on the screen is folded to this. */
  private static final long PAUSE_MS_MAX = 3_000;

  /** A folded pause is told if it was at least so long. */
  private static final Duration FOLD_TOLD = Duration.ofSeconds(60);

  private static final long TICK_MS = 200;

  private final Context context;
  private final HelmClient client;
  private final boolean json;
  private final Instant since;
  private final BlockingQueue<Integer> keys = new LinkedBlockingQueue<>();
  private final RunView view = new RunView();
  private final RunRenderer renderer;
  private final Deque<LoggedEvent> page = new ArrayDeque<>();
  private double speed = 1;
  private boolean paused;
  private boolean quit;
  private boolean step;
  private long seq;
  private long last;

  /**
   * A replay.
   *
   * @param since what happened before is passed over at once
   */
  public Replay(Context context, HelmClient client, boolean json, Instant since) {
    this.context = context;
    this.client = client;
    this.json = json;
    this.since = since;
    this.renderer = new RunRenderer(ZoneId.systemDefault(), client.session().user());
  }

  /** Plays it to its end, or until the person has enough. */
  public ExitCode play(Bodies.Run run, double times) throws IOException, InterruptedException {
    speed = times;
    if (json || !context.out().interactive()) {
      try (Screen screen = new PipeScreen(context.out())) {
        play(run, screen, false);
      }
      return ExitCode.DONE;
    }
    try (Keyboard keyboard = Keyboard.open(keys::add);
        Screen screen =
            new TerminalScreen(
                keyboard.terminal().writer(),
                () -> keyboard.terminal().getWidth(),
                context.out().dataPaint())) {
      play(run, screen, true);
      screen.footer(List.of());
    }
    return ExitCode.DONE;
  }

  private void play(Bodies.Run run, Screen screen, boolean withKeys) throws InterruptedException {
    if (!json) {
      screen.print(Watch.head(run, Watch.shown(run.id()), renderer));
    }
    Instant before = null;
    for (LoggedEvent event = next(run.id()); event != null && !quit; event = next(run.id())) {
      RunEvent read = Records.event(event);
      if (Watch.isSince(since, event)) {
        Instant at = Times.instant(event.at());
        List<Line> lines = json ? List.of() : renderer.lines(event, read, view);
        // Events that say nothing on the screen take no time on it either.
        boolean seen = json || !lines.isEmpty();
        if (seen && before != null && at != null) {
          await(Duration.between(before, at), event, screen, withKeys);
        }
        before = seen && at != null ? at : before;
        if (quit || screen.gone()) {
          return;
        }
        if (json) {
          context.out().line(Watch.written(event));
        } else {
          screen.print(lines);
        }
      }
      view.apply(event, read);
      seq = event.seq();
    }
    if (!quit && !json) {
      screen.say("End of the replay: event " + seq + " of " + last + ".");
    }
  }

  private @Nullable LoggedEvent next(String run) {
    if (page.isEmpty()) {
      var reply = client.events(run, seq, PAGE);
      last = reply.tree().get("last") instanceof Number n ? n.longValue() : last;
      page.addAll(reply.items(LoggedEvent.class));
    }
    return page.poll();
  }

  /** Waits as long as it took then, at this speed; keys change it on the way. */
  private void await(Duration gap, LoggedEvent next, Screen screen, boolean withKeys)
      throws InterruptedException {
    long gapMs = Math.max(0, gap.toMillis());
    if (gapMs / speed > PAUSE_MS_MAX && gap.compareTo(FOLD_TOLD) >= 0 && !json) {
      screen.print(List.of(Line.of(Role.QUIET, "         " + Moments.words(gap) + " later")));
    }
    double done = 0; // of the gap, 0 to 1
    step = false;
    while ((paused || done < 1) && !quit && !step) {
      double wholeMs = Math.min(PAUSE_MS_MAX, gapMs / speed);
      if (withKeys) {
        screen.footer(List.of(footer(next)));
      }
      long tickMs = paused ? TICK_MS : Math.min(TICK_MS, (long) Math.ceil(wholeMs * (1 - done)));
      if (wholeMs < 1 && !paused) {
        drain();
        return;
      }
      long began = System.nanoTime();
      Integer key = keys.poll(Math.max(1, tickMs), TimeUnit.MILLISECONDS);
      if (!paused) {
        done += (System.nanoTime() - began) / 1e6 / wholeMs;
      }
      if (key != null) {
        press(key);
      }
      if (screen.gone()) {
        return;
      }
    }
    drain();
  }

  private void drain() {
    for (Integer key = keys.poll(); key != null; key = keys.poll()) {
      press(key);
    }
  }

  private void press(int key) {
    switch (key) {
      case ' ' -> paused = !paused;
      case '+', '=', 'f' -> speed = Math.min(SPEED_MAX, speed * 2);
      case '-', '_', 's' -> speed = Math.max(SPEED_MIN, speed / 2);
      case 'n', InputLine.RIGHT -> step = true;
      case 'q', Keyboard.INTERRUPT -> quit = true;
      default -> {}
    }
  }

  private Line footer(LoggedEvent next) {
    String pace = String.format(Locale.ROOT, speed < 10 ? "%.1f×" : "%.0f×", speed);
    return Line.of(paused ? Role.REST : Role.LIVE, paused ? "paused" : "replay")
        .add(
            Role.QUIET,
            " "
                + pace
                + " · "
                + Times.clock(next.at(), ZoneId.systemDefault())
                + " · "
                + next.seq()
                + "/"
                + last
                + (paused ? " · space go on" : " · space pause")
                + " · + - speed · n next · q quit");
  }
}
