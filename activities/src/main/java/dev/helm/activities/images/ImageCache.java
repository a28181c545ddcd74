package dev.helm.activities.images;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** What was made before, in {@code HELM_HOME/images}, and room to make more. */
final class ImageCache {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WORK = "work-";

  private final Path directory;
  private boolean swept;

  ImageCache(Path directory) {
    this.directory = directory;
  }

  /** Names what an image becomes on a base: 24 hex digits. */
  static String key(String imageId, String baseId) {
    try {
      byte[] text = ("helm-image-1 " + imageId + " " + baseId).getBytes(StandardCharsets.UTF_8);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
      return HexFormat.of().formatHex(digest).substring(0, 24);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  @Nullable BuiltImage get(String key) throws IOException {
    Path file = directory.resolve(key + ".json");
    if (!Files.isRegularFile(file)) {
      return null;
    }
    try {
      return JSON.readValue(Files.readAllBytes(file), BuiltImage.class);
    } catch (JsonProcessingException e) {
      return null; // half written; made anew
    }
  }

  void put(String key, BuiltImage image) throws IOException {
    Path next = directory.resolve("." + key);
    Files.write(next, JSON.writeValueAsBytes(image));
    Files.move(
        next,
        directory.resolve(key + ".json"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Where package managers keep what they downloaded. */
  Path scratch() throws IOException {
    return Files.createDirectories(directory.resolve("downloads"));
  }

  /** An empty directory; what a killed process left of such is removed first. */
  Path work() throws IOException {
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
