package dev.helm.cli.command;

import dev.helm.api.event.Content;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.Env;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A call's arguments as a person changes them: from a file, or in an editor. */
final class EditedArguments {
  private static final int CHARS_MAX = 1_000_000;

  private EditedArguments() {}

  /** The JSON object that the text is. */
  static Map<String, Object> read(String text) {
    try {
      return Json.object(text);
    } catch (IllegalArgumentException e) {
      throw Failure.usage(
          "The changed arguments are no JSON object: " + e.getMessage() + ".",
          "Nothing was decided. Mend them and try again.");
    }
  }

  static String ofFile(Path file) {
    try {
      if (Files.size(file) > CHARS_MAX) {
        throw Failure.usage("\"" + file + "\" is too long for arguments.", "At most 1 MB.");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED,
          "\"" + file + "\" cannot be read: " + e.getMessage() + ".",
          "Nothing was decided.",
          "",
          e);
    }
  }

  /** The text as the editor leaves it, null when it was left as it was. */
  static @Nullable String inEditor(Env env, DecisionBodies.InboxItem item) {
    if (!(item.arguments() instanceof Content.Text text)) {
      throw new Failure(
          ExitCode.REFUSED,
          "The call is too long to be edited here.",
          "Give its arguments in a file: --edit FILE");
    }
    String editor = env.get("VISUAL").isEmpty() ? env.get("EDITOR") : env.get("VISUAL");
    String before = pretty(text.text());
    try {
      Path file =
          Files.createTempFile(
              "helm-arguments-",
              ".json",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        Files.writeString(file, before);
        run(editor.isEmpty() ? "vi" : editor, file);
        String after = ofFile(file);
        return after.strip().equals(before.strip()) ? null : after;
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED,
          "The editor could not be used: " + e.getMessage() + ".",
          "Set EDITOR, or use --arguments JSON. Nothing was decided.",
          "",
          e);
    }
  }

  private static void run(String editor, Path file) throws IOException {
    try {
      // As git does it: EDITOR may have words of its own.
      Process process =
          new ProcessBuilder(List.of("sh", "-c", editor + " \"$1\"", "sh", file.toString()))
              .inheritIO()
              .start();
      if (process.waitFor() != 0) {
        throw new Failure(
            ExitCode.FAILED, "The editor ended with an error.", "Nothing was decided.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "Nothing was decided.", "", e);
    }
  }

  /** A member a line, so that an editor shows what there is. */
  private static String pretty(String json) {
    StringBuilder text = new StringBuilder("{\n");
    Map<String, Object> members = read(json);
    int left = members.size();
    for (Map.Entry<String, Object> member : members.entrySet()) {
      left--;
      text.append("  ")
          .append(Json.write(member.getKey()))
          .append(": ")
          .append(Json.write(member.getValue()))
          .append(left > 0 ? ",\n" : "\n");
    }
    return text.append("}\n").toString();
  }
}
