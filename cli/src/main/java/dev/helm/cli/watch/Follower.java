package dev.helm.cli.watch;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Records;
import dev.helm.cli.http.StreamSignal;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.render.SafeText;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The loop of a watch: one thread that takes what happens and draws it. */
final class Follower implements Hands {
  private static final long TICK_MS = 200;

  private final String shownId;
  private final RunView view;
  private final RunRenderer renderer;
  private final Screen screen;
  private final Requests requests;
  private final Companion companion;
  private final @Nullable Desk desk;
  private final UnaryOperator<String> hints;
  private final Instant since;
  private boolean caughtUp;
  private int hidden;

  Follower(
      String shownId,
      RunView view,
      RunRenderer renderer,
      Screen screen,
      Requests requests,
      Companion companion,
      @Nullable Desk desk,
      UnaryOperator<String> hints,
      Instant since) {
    this.shownId = shownId;
    this.view = view;
    this.renderer = renderer;
    this.screen = screen;
    this.requests = requests;
    this.companion = companion;
    this.desk = desk;
    this.hints = hints;
    this.since = since;
  }

  /** Draws until the run has ended or the person has enough. */
  ExitCode follow(BlockingQueue<Happening> queue) throws InterruptedException {
    while (true) {
      Happening next = queue.poll(TICK_MS, TimeUnit.MILLISECONDS);
      if (next != null) {
        take(next);
      }
      if (caughtUp && !view.finished().isEmpty()) {
        return view.finished().equals("succeeded") ? ExitCode.DONE : ExitCode.FAILED;
      }
      if (screen.gone()) {
        return ExitCode.DONE;
      }
      if (desk != null && desk.quit()) {
        screen.say(
            hints.apply("The run goes on without you. helm watch " + shownId + " shows it again."));
        return ExitCode.DONE;
      }
      if (desk != null && queue.isEmpty()) {
        screen.footer(desk.footer(Instant.now()));
      }
    }
  }

  private void take(Happening happening) {
    switch (happening) {
      case Happening.Streamed streamed -> take(streamed.signal());
      case Happening.Pressed pressed -> {
        if (desk != null) {
          desk.press(pressed.key());
        }
      }
      case Happening.Told told -> {
        if (!told.words().isEmpty()) {
          screen.say(told.words());
        }
      }
    }
  }

  private void take(StreamSignal signal) {
    switch (signal) {
      case StreamSignal.Logged logged -> logged(logged.event());
      case StreamSignal.Live live -> view.apply(live.delta());
      case StreamSignal.CaughtUp _ -> caughtUp();
      case StreamSignal.Lost lost ->
          screen.say("Connection lost: " + lost.why() + "; trying again.");
      case StreamSignal.Back _ -> screen.say("Connected again.");
      case StreamSignal.Failed failed -> throw failed.failure();
    }
  }

  private void logged(LoggedEvent logged) {
    RunEvent event = Records.event(logged);
    if (Watch.isSince(since, logged)) {
      tellHidden();
      screen.print(renderer.lines(logged, event, view));
    } else {
      hidden++;
    }
    view.apply(logged, event);
    if (desk != null) {
      desk.refocus();
    }
    if (caughtUp && event instanceof RunEvent.PermissionRequested permission) {
      asked(permission);
    }
    if (caughtUp
        && (event instanceof RunEvent.QuestionAsked || event instanceof RunEvent.ToolUnknown)) {
      askedInWords(view.questions().getLast());
    }
    // A replayed permission may be decided long since; those still open are told at the seam.
    if (caughtUp || !(event instanceof RunEvent.PermissionRequested)) {
      companion.after(event, view, this);
    }
  }

  private void tellHidden() {
    if (hidden > 0) {
      screen.say(hidden + (hidden == 1 ? " earlier event" : " earlier events") + " not shown.");
      hidden = 0;
    }
  }

  /** What happened before counts as seen; what is still open does not. */
  private void caughtUp() {
    if (caughtUp) {
      return;
    }
    caughtUp = true;
    tellHidden();
    List<RunEvent.PermissionRequested> open = view.permissions();
    open.forEach(this::asked);
    view.questions().forEach(this::askedInWords);
    open.forEach(permission -> companion.after(permission, view, this));
  }

  private void asked(RunEvent.PermissionRequested permission) {
    if (desk != null) {
      desk.showFocused();
    } else if (companion == Companion.SILENT) {
      String name =
          view.permissions().size() == 1 ? shownId : SafeText.line(permission.permissionId());
      hint("helm allow " + name + " · helm deny " + name);
    }
  }

  private void askedInWords(RunView.Question question) {
    String name = view.questions().size() == 1 ? shownId : SafeText.line(question.id());
    String answers =
        question.unknown()
            ? String.join("|", question.options())
            : question.options().isEmpty()
                ? "TEXT"
                : question.freeText() ? "NUMBER|TEXT" : "NUMBER";
    hint("helm answer " + name + " " + answers);
  }

  private void hint(String commands) {
    if (desk == null) {
      screen.say(hints.apply(commands));
    }
  }

  // ---- a companion's hands -----------------------------------------------------------------

  @Override
  public boolean interactive() {
    return desk != null;
  }

  @Override
  public void say(String words) {
    screen.say(words);
  }

  @Override
  public void show(RunEvent.PermissionRequested permission) {
    if (desk != null) {
      desk.show(permission);
      return;
    }
    List<String> rows = CallText.rows(permission.tool(), permission.arguments());
    if (rows != null) {
      rows.forEach(row -> screen.say("│ " + row));
    }
  }

  @Override
  public void steer(String text) {
    requests.steer(text, "");
  }

  @Override
  public void offerSteer(String text) {
    if (desk != null) {
      desk.offerSteer(text);
    }
  }

  @Override
  public void decide(RunEvent.PermissionRequested permission, boolean allow, String reason) {
    requests.decide(permission, allow, reason);
  }

  @Override
  public void answer(RunEvent.QuestionAsked question, String text) {
    requests.answer(question.questionId(), text);
  }
}
