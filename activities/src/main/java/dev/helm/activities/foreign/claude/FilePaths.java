package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The paths of the runtime's own file tools. They follow links, go from wherever the last shell
 * command has left them, and trim; a rule has judged the path as it is written. So a path is let go
 * only if it is written in full and leads where it says.
 */
final class FilePaths {
  private static final Map<String, String> ARGUMENTS =
      Map.of(
          "Read", "file_path",
          "Write", "file_path",
          "Edit", "file_path",
          "MultiEdit", "file_path",
          "NotebookRead", "notebook_path",
          "NotebookEdit", "notebook_path");

  private static final String WORKSPACE = "/workspace";
  private static final String SLOT_WORKSPACE = "/slot/workspace";
  private static final int PATH_CHARS_MAX = 4_096;

  /** A path of {@link #PATH_CHARS_MAX} characters at four bytes each, with the end of line. */
  private static final int OUTPUT_BYTES_MAX = 4 * PATH_CHARS_MAX + 1;

  private static final long ANSWER_S = 30;

  private FilePaths() {}

  /** The path that a call is about; empty for none. */
  static String of(String wireTool, JsonNode input) {
    String argument = ARGUMENTS.get(wireTool);
    return argument == null ? "" : input.path(argument).asText();
  }

  /** Relative to the workspace; empty when it is not in it. */
  static String inWorkspace(String file) {
    for (String root : List.of(SLOT_WORKSPACE, WORKSPACE)) {
      if (file.startsWith(root + "/")) {
        return file.substring(root.length() + 1);
      }
    }
    return file.startsWith("/") ? "" : file;
  }

  /** Why the runtime may not be let at this path, or null. */
  static @Nullable String refusal(Boxes boxes, String run, String path)
      throws InterruptedException {
    String refusal = written(path);
    if (refusal != null) {
      return refusal;
    }
    String real = real(boxes, run, path);
    if (real == null) {
      return "Where the path leads could not be found out; look with Bash at what it is.";
    }
    return real.equals(plain(path))
        ? null
        : "The path goes through a symbolic link and leads to "
            + shown(real)
            + ". Rules judge a path as it is written: name that one.";
  }

  /** Why a path that is written so may not be let go, or null. */
  static @Nullable String written(String path) {
    if (!path.startsWith("/")) {
      return "The path has to begin with /workspace/: the directory that a shell command has gone"
          + " to counts for nothing here.";
    }
    if (path.length() > PATH_CHARS_MAX
        || trimmed(path.charAt(0))
        || trimmed(path.charAt(path.length() - 1))
        || path.chars().anyMatch(Character::isISOControl)
        || !Normalizer.isNormalized(path, Normalizer.Form.NFC)) {
      return "The path has white space at an end, control characters, letters that are not"
          + " composed, or more than "
          + PATH_CHARS_MAX
          + " characters; give the file another name.";
    }
    return null;
  }

  /** Whether the runtime, which is JavaScript, trims it; Java strips fewer. */
  private static boolean trimmed(char end) {
    return Character.isSpaceChar(end) || Character.isWhitespace(end) || end == '\uFEFF';
  }

  private static String shown(String real) {
    return real.startsWith(SLOT_WORKSPACE) ? real.substring("/slot".length()) : real;
  }

  /** Without {@code .} and {@code ..}, at the place where the workspace lies. */
  static String plain(String path) {
    Deque<String> names = new ArrayDeque<>();
    for (String name : path.split("/", -1)) {
      if (name.equals("..")) {
        names.pollLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.addLast(name);
      }
    }
    String plain = "/" + String.join("/", names);
    return plain.equals(WORKSPACE) || plain.startsWith(WORKSPACE + "/") ? "/slot" + plain : plain;
  }

  /** Where the path leads, in the container as it is now; null when that cannot be told. */
  private static @Nullable String real(Boxes boxes, String run, String path)
      throws InterruptedException {
    List<String> argv = List.of("/usr/bin/realpath", "-m", "--", path);
    try (Box box = boxes.open(BoxSpec.inRun(run, "path", argv))) {
      box.in().close();
      byte[] said = box.out().readNBytes(OUTPUT_BYTES_MAX);
      BoxEnd end = box.end().get(ANSWER_S, TimeUnit.SECONDS);
      String text = new String(said, StandardCharsets.UTF_8);
      return end.kind() == BoxEnd.Kind.EXITED && end.code() == 0 && text.endsWith("\n")
          ? text.substring(0, text.length() - 1)
          : null;
    } catch (IOException | ExecutionException | TimeoutException e) {
      return null;
    }
  }
}
