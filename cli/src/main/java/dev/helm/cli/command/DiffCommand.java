package dev.helm.cli.command;

import dev.helm.api.rest.FileBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm diff}. */
@Command(
    name = "helm diff",
    header = "helm diff 4f3a --from 12 --to 41",
    description = "Shows what changed in the workspace between two steps (start to now).")
public final class DiffCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", description = "only below it")
  String path = "";

  @Option(names = "--from", paramLabel = "STEP", description = "now, start, a snapshot or a seq")
  String from = "";

  @Option(names = "--to", paramLabel = "STEP", description = "the same")
  String to = "";

  @Option(names = "--patch", description = "a patch for git apply, as it is")
  boolean patch;

  @Override
  protected ExitCode run() {
    if (patch) {
      client().copy(run, "diff", "text/x-diff", out().data(), "from", from, "to", to, "path", path);
      out().data().flush();
      return ExitCode.DONE;
    }
    Reply reply = client().files(run, "diff", "from", from, "to", to, "path", path);
    if (json) {
      return print(reply, "");
    }
    FileBodies.Diff diff = reply.as(FileBodies.Diff.class);
    diff.files().forEach(this::show);
    if (diff.files().isEmpty()) {
      out().say("Nothing differs.");
    }
    if (diff.truncated()) {
      out().say("There is more than is shown; --patch has all of it.");
    }
    return ExitCode.DONE;
  }

  private void show(FileBodies.FileDiff file) {
    String name = SafeText.line(file.path()) + (file.type().equals("directory") ? "/" : "");
    String was = file.oldPath() == null ? "" : SafeText.line(file.oldPath()) + " → ";
    Line line =
        Line.of(Role.TEXT, "± ")
            .object(Role.STRONG, was + name)
            .add(Role.QUIET, " · " + SafeText.line(file.status()) + size(file));
    out().line(line);
    for (FileBodies.Hunk hunk : file.hunks()) {
      out()
          .line(
              Line.of(
                  Role.REST,
                  "@@ -%d,%d +%d,%d @@"
                      .formatted(
                          hunk.oldStart(), hunk.oldLines(), hunk.newStart(), hunk.newLines())));
      for (String each : hunk.lines()) {
        Role role =
            each.startsWith("+") ? Role.LIVE : each.startsWith("-") ? Role.STOP : Role.QUIET;
        out().line(Line.of(role, SafeText.block(each)));
      }
    }
  }

  private static String size(FileBodies.FileDiff file) {
    FileBodies.FileSide before = file.before();
    FileBodies.FileSide after = file.after();
    String mode =
        before != null && after != null && !before.mode().equals(after.mode())
            ? " · mode " + SafeText.line(before.mode() + " → " + after.mode())
            : "";
    if (!file.binary()) {
      return file.type().equals("directory")
          ? mode
          : " · +" + file.added() + " −" + file.removed() + mode;
    }
    return " · binary · "
        + (before == null ? 0 : before.size())
        + " → "
        + (after == null ? 0 : after.size())
        + " bytes"
        + mode;
  }
}
