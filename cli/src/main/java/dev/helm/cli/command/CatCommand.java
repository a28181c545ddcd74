package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.SafeText;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm cat}: the bytes as they are in a pipe, safe text on a terminal. */
@Command(
    name = "helm cat",
    header = "helm cat 4f3a notes/brief.md --at 41",
    description = "Prints a file of the workspace, now or as it was at a step.")
public final class CatCommand extends HelmCommand {
  private static final int SHOWN_BYTES_MAX = 4 << 20;

  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Parameters(index = "1", paramLabel = "PATH", description = "a file")
  String path = "";

  @Option(names = "--at", paramLabel = "STEP", description = "now, start, a snapshot or a seq")
  String at = "";

  @Override
  protected ExitCode run() {
    String accept = "application/octet-stream";
    if (!json && out().width() == 0) {
      client().copy(run, "files/content", accept, out().data(), "path", path, "at", at);
      out().data().flush();
      return ExitCode.DONE;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    client().copy(run, "files/content", accept, bytes, "path", path, "at", at);
    String text = bytes.toString(StandardCharsets.UTF_8);
    if (json) {
      Map<String, Object> file = new LinkedHashMap<>();
      file.put("path", path);
      file.put("bytes", bytes.size());
      file.put("text", text);
      out().line(Json.write(file));
      return ExitCode.DONE;
    }
    if (bytes.size() > SHOWN_BYTES_MAX || text.indexOf('\0') >= 0) {
      throw Failure.usage(
          "That file is no text, or too long for a terminal (" + bytes.size() + " bytes).",
          "helm cat " + SafeText.line(run) + " PATH > FILE");
    }
    // What an agent wrote must not reach the terminal as commands.
    text.lines().forEach(line -> out().line(SafeText.block(line)));
    return ExitCode.DONE;
  }
}
