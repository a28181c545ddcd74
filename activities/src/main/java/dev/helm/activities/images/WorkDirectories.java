package dev.helm.activities.images;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Room to make images in: {@code HELM_HOME/images}. */
final class WorkDirectories {
  private static final String WORK = "work-";

  private final Path directory;
  private boolean swept;

  WorkDirectories(Path directory) {
    this.directory = directory;
  }

  /** Where package managers keep what they downloaded. */
  Path downloads() throws IOException {
    return Files.createDirectories(directory.resolve("downloads"));
  }

  /** An empty directory; what a killed process left of such is removed first. */
  Path make() throws IOException {
    Files.createDirectories(directory);
    if (!swept) {
      try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, WORK + "*")) {
        for (Path each : left) {
          clear(each);
        }
      }
      swept = true;
    }
    return Files.createTempDirectory(directory, WORK);
  }

  void clear(Path work) throws IOException {
    Files.walkFileTree(
        work,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path done, @Nullable IOException failure)
              throws IOException {
            Files.delete(done);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
