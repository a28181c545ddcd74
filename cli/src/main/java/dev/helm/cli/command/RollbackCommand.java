package dev.helm.cli.command;

import dev.helm.api.rest.FileBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.io.Console;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm rollback}. */
@Command(
    name = "helm rollback",
    header = "helm rollback 4f3a 41 --preview",
    description = {
      "Takes a run back to a step: conversation, workspace and permissions together.",
      "It then waits for helm resume. Money stays spent; a rollback can be rolled back."
    })
public final class RollbackCommand extends HelmCommand {
  private static final int SHOWN_MAX = 20;

  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(index = "1", paramLabel = "TO", description = "start, a snapshot or a seq")
  String to = "";

  @Option(names = "--preview", description = "only tell what would change")
  boolean preview;

  @Option(names = "--yes", description = "do not ask")
  boolean yes;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "of a preview: refuse if the run has changed since")
  @Nullable String state;

  @Override
  protected ExitCode run() {
    HelmClient client = client();
    boolean asks = !yes && !json && !preview && out().interactive();
    if (!yes && !preview && !asks) {
      throw Failure.usage(
          "Nobody can be asked here, so nothing was rolled back.",
          "Look first: helm rollback "
              + SafeText.line(run + " " + to)
              + " --preview; then the same with --yes.");
    }
    if (preview || asks) {
      Reply reply = client.rollback(run, to, true, null);
      if (json) {
        return print(reply, "");
      }
      FileBodies.Rollback would = reply.as(FileBodies.Rollback.class);
      show(would);
      if (preview) {
        if (would.state() != null && !blocked(would.unsaved())) {
          advise(
              "Exactly this: helm rollback "
                  + SafeText.line(run + " " + to)
                  + " --yes --state "
                  + SafeText.line(would.state()));
        }
        return ExitCode.DONE;
      }
      // What is agreed to is what was shown.
      state = state == null ? would.state() : state;
      if (!agreed()) {
        out().say("Nothing was changed.");
        return ExitCode.REFUSED;
      }
    }
    Reply reply = client.rollback(run, to, false, state);
    if (json) {
      return print(reply, "");
    }
    FileBodies.Rollback done = reply.as(FileBodies.Rollback.class);
    out()
        .line(
            Line.of(Role.WAIT, "rolled back to step " + done.toSeq())
                .add(Role.QUIET, " · " + counts(done) + " · epoch " + done.epoch()));
    unsaved(done.unsaved());
    if (!asks) {
      // Whoever agreed to a preview has read it.
      outward(done);
    }
    String undo = SafeText.line(String.valueOf(done.undoSnapshotId()));
    String name = SafeText.line(run);
    advise("The run waits: helm resume " + name + " · undo: helm rollback " + name + " " + undo);
    return ExitCode.DONE;
  }

  private static String counts(FileBodies.Rollback change) {
    return "%d created, %d changed, %d deleted"
        .formatted(change.created(), change.changed(), change.deleted());
  }

  private void show(FileBodies.Rollback change) {
    out()
        .line(
            Line.of(Role.STRONG, "to step " + change.toSeq())
                .add(Role.QUIET, " · " + counts(change)));
    change.files().stream()
        .limit(SHOWN_MAX)
        .forEach(
            file ->
                out()
                    .line(
                        Line.of(Role.QUIET, "  %-8s".formatted(SafeText.line(file.change())))
                            .object(Role.TEXT, SafeText.line(file.path()))));
    if (change.files().size() > SHOWN_MAX) {
      out().say("and " + (change.files().size() - SHOWN_MAX) + " more; --json lists them");
    }
    unsaved(change.unsaved());
    outward(change);
  }

  /** What happened outside of the workspace stays as it is. */
  private void outward(FileBodies.Rollback change) {
    if (change.outward().isEmpty()) {
      return;
    }
    out().say("Outside of the workspace since then, a rollback does not take it back:");
    change.outward().stream()
        .limit(SHOWN_MAX)
        .forEach(
            call ->
                out()
                    .line(
                        Line.of(Role.WAIT, "  %-8s".formatted(SafeText.line(call.outcome())))
                            .add(Role.TEXT, SafeText.line(call.tool()) + " ")
                            .object(Role.TEXT, SafeText.line(what(call)))
                            .add(Role.QUIET, "  " + SafeText.line(call.summary()))));
    long more = change.outwardCalls() - Math.min(SHOWN_MAX, change.outward().size());
    if (more > 0) {
      out().say("and " + more + " more; --json lists them");
    }
  }

  /** Whom it really went to: a person may have changed what the agent asked for. */
  private static String what(FileBodies.OutwardCall call) {
    return call.to().isEmpty() ? call.object() : "to " + String.join(", ", call.to());
  }

  /** What no rollback brings back, the worst first. */
  private void unsaved(List<FileBodies.Unsaved> files) {
    if (files.isEmpty()) {
      return;
    }
    out().say("In no snapshot, so no rollback brings it back:");
    files.stream()
        .sorted(Comparator.comparing(FileBodies.Unsaved::fate))
        .limit(SHOWN_MAX)
        .forEach(
            file ->
                out()
                    .line(
                        Line.of(
                                file.fate().equals("kept") ? Role.QUIET : Role.WAIT,
                                "  %-8s".formatted(SafeText.line(file.fate())))
                            .object(Role.TEXT, SafeText.line(file.path()))
                            .add(Role.QUIET, "  " + SafeText.line(file.why()))));
    if (files.size() > SHOWN_MAX) {
      out().say("and " + (files.size() - SHOWN_MAX) + " more; --json lists them");
    }
    if (blocked(files)) {
      out()
          .say(
              "It is refused while it would delete them: fork the run at that step, or let the"
                  + " agent move them.");
    }
  }

  private static boolean blocked(List<FileBodies.Unsaved> files) {
    return files.stream().anyMatch(file -> file.fate().equals("blocks"));
  }

  private static boolean agreed() {
    Console console = System.console();
    String answer = console == null ? "" : console.readLine("Roll back? [y/N] ");
    return answer != null && answer.strip().toLowerCase(java.util.Locale.ROOT).startsWith("y");
  }
}
