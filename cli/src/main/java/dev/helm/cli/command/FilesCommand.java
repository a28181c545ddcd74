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

/** {@code helm files}. */
@Command(
    name = "helm files",
    header = "helm files 4f3a notes --at 41",
    description = "Lists a directory of the workspace, now or as it was at a step.")
public final class FilesCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", description = "a directory")
  String path = "";

  @Option(names = "--at", paramLabel = "STEP", description = "now, start, a snapshot or a seq")
  String at = "";

  @Option(names = "--snapshots", description = "list the run's snapshots instead")
  boolean snapshots;

  @Override
  protected ExitCode run() {
    if (snapshots) {
      Reply reply = client().files(run, "snapshots", "limit", "1000");
      if (json) {
        return print(reply, "");
      }
      reply.items(FileBodies.Snapshot.class).forEach(each -> out().line(line(each)));
      return ExitCode.DONE;
    }
    Reply reply = client().files(run, "files", "path", path, "at", at, "limit", "1000");
    if (json) {
      return print(reply, "");
    }
    var entries = reply.items(FileBodies.FileEntry.class);
    entries.forEach(entry -> out().line(line(entry)));
    if (entries.isEmpty()) {
      out().say("Nothing is there.");
    }
    if (reply.tree().get("nextCursor") != null) {
      out().say("There is more; name a directory below, or use --json and the cursor.");
    }
    return ExitCode.DONE;
  }

  private static Line line(FileBodies.FileEntry entry) {
    String mark =
        switch (entry.type()) {
          case "directory" -> "/";
          case "link" -> " -> " + SafeText.line(String.valueOf(entry.target()));
          default -> "";
        };
    Line line =
        Line.of(Role.QUIET, entry.mode() + " %10d ".formatted(entry.size()))
            .object(Role.STRONG, SafeText.line(entry.path()) + mark);
    if (!entry.writtenBy().isEmpty()) {
      line = line.add(Role.QUIET, " · written at " + entry.writtenBy().getLast());
    }
    if (!entry.readBy().isEmpty()) {
      line = line.add(Role.QUIET, " · read at " + entry.readBy().getLast());
    }
    return line;
  }

  private static Line line(FileBodies.Snapshot each) {
    return Line.of(Role.QUIET, "%6d ".formatted(each.seq()))
        .add(Role.STRONG, SafeText.line(each.id()))
        .add(Role.QUIET, " · " + SafeText.line(each.kind() + " · " + each.at()))
        .add(Role.TEXT, " · " + each.changed() + " changed");
  }
}
