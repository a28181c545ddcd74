package dev.helm.cli.claude;

import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Files of a project, none of which is read when it is large, no text, or outside of the project.
 *
 * @param root the project, with links resolved
 */
record ClaudeFiles(Path root, Notes notes) {
  private static final int BYTES_MAX = 1 << 20;
  private static final int FILES_MAX = 200;

  /** The project at {@code dir}, or around it if it is the {@code .claude} folder itself. */
  static ClaudeFiles of(Path dir, Notes notes) {
    try {
      Path real = dir.toRealPath();
      boolean inner = real.getFileName() != null && real.getFileName().toString().equals(".claude");
      Path parent = inner ? real.getParent() : real;
      Path root = parent == null ? real : parent;
      if (!Files.isDirectory(root.resolve(".claude")) && !Files.exists(root.resolve(".mcp.json"))) {
        throw Failure.usage(
            dir + " has neither a .claude folder nor an .mcp.json.",
            "Name a project's folder: helm blueprint import DIR");
      }
      return new ClaudeFiles(root, notes);
    } catch (IOException e) {
      throw Failure.usage(dir + " cannot be read.", "Is the path right?");
    }
  }

  /** A file's text, or null when it is not there or cannot be used, which is noted. */
  @Nullable String text(String path) {
    Path file = root.resolve(path).normalize();
    if (!Files.isRegularFile(file)) {
      return null;
    }
    try {
      if (!file.toRealPath().startsWith(root)) {
        notes.left(path, "it leads out of the project");
      } else if (Files.size(file) > BYTES_MAX) {
        notes.left(path, "it is longer than 1 MiB");
      } else {
        return StandardCharsets.UTF_8
            .newDecoder()
            .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
            .toString();
      }
    } catch (CharacterCodingException e) {
      notes.left(path, "it is not UTF-8 text");
    } catch (IOException e) {
      notes.left(path, "it cannot be read");
    }
    return null;
  }

  /** A JSON file's members, empty when there are none. */
  Map<String, Object> json(String path) {
    String text = text(path);
    if (text == null) {
      return Map.of();
    }
    try {
      return Json.object(text);
    } catch (IllegalArgumentException e) {
      notes.left(path, "it is no JSON object");
      return Map.of();
    }
  }

  /** Names of what lies in a folder, sorted. */
  List<String> names(String folder) {
    Path dir = root.resolve(folder);
    if (!Files.isDirectory(dir)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(file -> file.getFileName().toString()).sorted().limit(FILES_MAX).toList();
    } catch (IOException e) {
      notes.left(folder, "it cannot be read");
      return List.of();
    }
  }
}
