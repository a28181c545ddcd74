package dev.helm.activities.tools;

import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.workflows.decide.ToolCall;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a Write or Edit would change, from the file as it is now. It is help for the person who
 * decides, never what is executed: where the file cannot be read, the diff is of the arguments.
 */
final class FilePreview {
  private static final Logger log = LoggerFactory.getLogger(FilePreview.class);
  private static final long FILE_BYTES_MAX = 256 * 1024;
  private static final int DIFF_CHARS_MAX = 256 * 1024;

  private final Sandbox sandbox;

  FilePreview(Sandbox sandbox) {
    this.sandbox = sandbox;
  }

  /** The unified diff, or null where there is none to show. */
  @Nullable String diff(CallContext context) {
    ToolCall call = context.call();
    String path = call.workspacePath();
    if (path == null) {
      return null;
    }
    String diff =
        switch (call.tool()) {
          case "Write" -> write(context.run(), path, call.text("content"));
          case "Edit" ->
              edit(
                  context.run(),
                  path,
                  call.text("old_string"),
                  call.text("new_string"),
                  Boolean.TRUE.equals(call.arguments().get("replace_all")));
          default -> null;
        };
    return diff == null || diff.isEmpty() || diff.length() > DIFF_CHARS_MAX ? null : diff;
  }

  private @Nullable String write(String run, String path, @Nullable String content) {
    if (content == null) {
      return null;
    }
    String before = read(run, path);
    return LineDiff.of(path, before != null, before == null ? "" : before, content);
  }

  private @Nullable String edit(
      String run, String path, @Nullable String old, @Nullable String now, boolean all) {
    if (old == null || now == null || old.isEmpty()) {
      return null;
    }
    String before = read(run, path);
    int first = before == null ? -1 : before.indexOf(old);
    if (before == null || first < 0) {
      return LineDiff.of(path, true, old, now);
    }
    String after =
        all
            ? before.replace(old, now)
            : before.substring(0, first) + now + before.substring(first + old.length());
    return LineDiff.of(path, true, before, after);
  }

  /** The file's text; null when it is not there, too large, or no text. */
  private @Nullable String read(String run, String path) {
    try {
      byte[] bytes = sandbox.files(run).read(WorkspacePath.of(path), FILE_BYTES_MAX);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (WorkspaceException | CharacterCodingException e) {
      return null;
    } catch (RuntimeException e) {
      // Nothing but a person's view depends on it.
      log.debug("no preview of a file of run {}: {}", run, e.toString());
      return null;
    }
  }
}
