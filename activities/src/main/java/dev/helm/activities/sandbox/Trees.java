package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.WorkspacePath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;

/** Works on whole trees that a container has written. No link is ever followed. */
final class Trees {
  /** The kernel takes 4,095, and a name has up to 255. */
  private static final int PATH_BYTES_MAX = 3_800;

  private Trees() {}

  /**
   * Deletes a tree that nobody writes any more. Directories are first moved side by side under one
   * place on the same file system, so that neither depth nor path length can defeat it.
   */
  static void delete(Path tree, Path scratchParent) throws IOException {
    if (!Files.isDirectory(tree, LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(tree);
      return;
    }
    Path scratch = Files.createTempDirectory(scratchParent, ".trash-");
    Deque<Path> left = new ArrayDeque<>();
    long names = 0;
    left.push(flatten(tree, scratch.resolve(Long.toString(names++))));
    while (!left.isEmpty()) {
      Path directory = left.pop();
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
        for (Path entry : entries) {
          if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
            left.push(flatten(entry, scratch.resolve(Long.toString(names++))));
          } else {
            Files.delete(entry);
          }
        }
      }
      Files.delete(directory);
    }
    Files.deleteIfExists(scratch);
  }

  /**
   * Gives everything in a tree to a user; for a service that runs as root. What lies deeper than
   * the service itself ever writes was made by that user, and is left as it is.
   */
  static void own(Path tree, int uid) throws IOException {
    // Thousands of folders inside each other have no path that a call would take, and no end.
    Files.walkFileTree(
        tree,
        EnumSet.noneOf(FileVisitOption.class),
        WorkspacePath.DEPTH_MAX + 1,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
            if (!tooLong(path)) {
              throw e;
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            return give(directory);
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            return give(file);
          }

          private FileVisitResult give(Path path) throws IOException {
            if (tooLong(path)) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            if (!Integer.valueOf(uid)
                .equals(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
              Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
              Files.setAttribute(path, "unix:gid", uid, LinkOption.NOFOLLOW_LINKS);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static boolean tooLong(Path path) {
    return path.toString().getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX;
  }

  private static Path flatten(Path directory, Path to) throws IOException {
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    } catch (NoSuchFileException e) {
      throw new IOException("a tree changed while it was being deleted", e);
    }
    return Files.move(directory, to, StandardCopyOption.ATOMIC_MOVE);
  }
}
