package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** A folder of this machine, as a run is to begin with it. */
public final class FolderFiles {
  /** Most files. */
  static final int FILES_MAX = 500;

  /** Most bytes of all files together: with their encoding they fit into one request. */
  static final long BYTES_MAX = 700 * 1024;

  private FolderFiles() {}

  /**
   * Reads every file below a folder, by its path from there.
   *
   * @throws Failure it cannot be read, is too large, or holds what is no plain file
   */
  public static List<Bodies.StartFile> read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw Failure.usage(folder + " is not a folder.", "Name one that is there: --files DIR");
    }
    List<Bodies.StartFile> files = new ArrayList<>();
    long bytes = 0;
    try (Stream<Path> all = Files.walk(folder.toRealPath())) {
      for (Path path : (Iterable<Path>) all.sorted()::iterator) {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          continue;
        }
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          throw Failure.usage(
              path + " is not a plain file.", "Copy what the run needs into a folder of its own.");
        }
        bytes += Files.size(path);
        if (bytes > BYTES_MAX || files.size() == FILES_MAX) {
          throw Failure.usage(
              "%s has more than %d files or %d KiB.".formatted(folder, FILES_MAX, BYTES_MAX / 1024),
              "Give what the run needs to begin, and let it fetch the rest (git clone).");
        }
        String name = folder.toRealPath().relativize(path).toString();
        String content = Base64.getEncoder().encodeToString(Files.readAllBytes(path));
        files.add(new Bodies.StartFile(name, content, Files.isExecutable(path) ? true : null));
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      throw Failure.usage(folder + " cannot be read: " + e.getMessage(), "Look at its owner.");
    }
    return files;
  }
}
