package dev.helm.cli.watch;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Out;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.StreamClient;
import dev.helm.cli.http.StreamSignal;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.render.Times;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Follows a run: in a terminal with keys, in a pipe as plain lines, or as JSON. */
public final class Watch {
  private static final int SHOWN_ID = 4;

  private final Context context;
  private final HelmClient client;
  private final boolean json;
  private final Companion companion;
  private Instant since = Instant.MIN;

  /** A watch by a person or a pipe. */
  public Watch(Context context, HelmClient client, boolean json) {
    this(context, client, json, Companion.SILENT);
  }

  /** A watch with somebody who acts on what is seen. */
  public Watch(Context context, HelmClient client, boolean json, Companion companion) {
    this.context = context;
    this.client = client;
    this.json = json;
    this.companion = companion;
  }

  /** Shows only what happened at that moment or later. */
  public Watch since(Instant from) {
    since = from;
    return this;
  }

  static boolean isSince(Instant since, LoggedEvent event) {
    Instant at = since.equals(Instant.MIN) ? null : Times.instant(event.at());
    return at == null || !at.isBefore(since);
  }

  /**
   * Follows a run from its first event to its end.
   *
   * @return {@code DONE} when it succeeded or the person left, {@code FAILED} when it did not
   */
  public ExitCode follow(Bodies.Run run) throws IOException, InterruptedException {
    BlockingQueue<Happening> queue = new LinkedBlockingQueue<>();
    if (json) {
      return json(run.id(), queue);
    }
    return context.out().interactive() ? terminal(run, queue) : pipe(run, queue);
  }

  private StreamClient stream(String run, BlockingQueue<Happening> queue) {
    return new StreamClient(client, run, 0, signal -> queue.add(new Happening.Streamed(signal)));
  }

  private ExitCode pipe(Bodies.Run run, BlockingQueue<Happening> queue)
      throws InterruptedException {
    try (Screen screen = new PipeScreen(context.out());
        StreamClient _ = stream(run.id(), queue)) {
      return follow(run, queue, screen, false);
    }
  }

  private ExitCode terminal(Bodies.Run run, BlockingQueue<Happening> queue)
      throws IOException, InterruptedException {
    Out out = context.out();
    try (Keyboard keyboard = Keyboard.open(key -> queue.add(new Happening.Pressed(key)));
        Screen screen =
            new TerminalScreen(
                keyboard.terminal().writer(),
                () -> keyboard.terminal().getWidth(),
                out.dataPaint());
        StreamClient _ = stream(run.id(), queue)) {
      return follow(run, queue, screen, true);
    }
  }

  private ExitCode follow(
      Bodies.Run run, BlockingQueue<Happening> queue, Screen screen, boolean withKeys)
      throws InterruptedException {
    RunView view = new RunView();
    String id = shown(run.id());
    RunRenderer renderer = new RunRenderer(ZoneId.systemDefault(), client.session().user());
    Requests requests = new Requests(client, run.id(), queue);
    screen.print(head(run, id, renderer));
    Desk desk = withKeys ? new Desk(view, renderer, screen, requests) : null;
    return new Follower(
            id, view, renderer, screen, requests, companion, desk, context.env()::hint, since)
        .follow(queue);
  }

  static List<Line> head(Bodies.Run run, String id, RunRenderer renderer) {
    List<Line> lines = new ArrayList<>();
    if (run.practice()) {
      lines.add(
          Line.of(Role.REST, "Practice model")
              .add(Role.QUIET, ": scripted answers stand in for a real model; the rest is real."));
    }
    lines.addAll(renderer.header(id, run.name(), run.status().word(), age(run)));
    return lines;
  }

  private static @Nullable Duration age(Bodies.Run run) {
    Instant began = Times.instant(run.startedAt() == null ? run.createdAt() : run.startedAt());
    Instant end = Times.instant(run.finishedAt());
    return began == null
        ? null
        : Duration.between(began, end == null ? Instant.now() : end).minusMillis(run.idleMs());
  }

  /** A run's id as people see it. */
  public static String shown(String id) {
    return id.substring(0, Math.min(SHOWN_ID, id.length()));
  }

  // ---- JSON --------------------------------------------------------------------------------

  private ExitCode json(String run, BlockingQueue<Happening> queue) throws InterruptedException {
    String outcome = "";
    boolean caughtUp = false;
    try (StreamClient _ = stream(run, queue)) {
      while (!caughtUp || outcome.isEmpty()) {
        if (!(queue.take() instanceof Happening.Streamed streamed)) {
          continue;
        }
        switch (streamed.signal()) {
          case StreamSignal.Logged logged -> {
            if (isSince(since, logged.event())) {
              context.out().line(written(logged.event()));
            }
            if (context.out().data().checkError()) {
              return ExitCode.DONE;
            }
            outcome = outcome(outcome, logged.event());
          }
          case StreamSignal.CaughtUp _ -> caughtUp = true;
          case StreamSignal.Failed failed -> throw failed.failure();
          case StreamSignal.Live _, StreamSignal.Lost _, StreamSignal.Back _ -> {}
        }
      }
    }
    return outcome.equals("succeeded") ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static String outcome(String before, LoggedEvent event) {
    return switch (event.type()) {
      case "run.finished" -> String.valueOf(event.data().get("outcome"));
      case "run.rolledback" -> "";
      default -> before;
    };
  }

  /** An event as it is in the log. */
  static String written(LoggedEvent event) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("run", event.run());
    tree.put("seq", event.seq());
    tree.put("at", event.at());
    tree.put("type", event.type());
    tree.put("agent", event.agent());
    tree.put("data", event.data());
    tree.put("prev", event.prev());
    tree.put("hash", event.hash());
    return Json.write(tree);
  }
}
