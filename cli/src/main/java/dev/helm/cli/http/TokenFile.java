package dev.helm.cli.http;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A token on disk, readable by its owner alone. */
final class TokenFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final int BYTES_MAX = 64 * 1024;

  private final Path path;

  TokenFile(Path path) {
    this.path = path;
  }

  /** What is stored for this service and still valid, or null. */
  @Nullable Token read(String url, Instant now) {
    try {
      if (!Files.isRegularFile(path) || Files.size(path) > BYTES_MAX) {
        return null;
      }
      Map<String, Object> tree = Json.object(Files.readString(path));
      if (url.equals(tree.get("url"))
          && tree.get("token") instanceof String token
          && tree.get("expiresAt") instanceof String expiresAt
          && tree.get("user") instanceof String user
          && Instant.parse(expiresAt).isAfter(now.plusSeconds(30))) {
        return new Token(token, expiresAt, user);
      }
      return null;
    } catch (IOException | IllegalArgumentException | DateTimeParseException e) {
      return null;
    }
  }

  /** Stores a token; the file is never readable by others, not even for a moment. */
  void write(String url, Token token) {
    Map<String, Object> tree =
        Map.of(
            "url",
            url,
            "token",
            token.value(),
            "expiresAt",
            token.expiresAt(),
            "user",
            token.user());
    try {
      Path dir = path.toAbsolutePath().getParent();
      if (dir == null) {
        throw new IOException("no directory");
      }
      Files.createDirectories(dir);
      Path fresh =
          Files.createTempFile(
              dir, ".token", ".json", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      Files.writeString(fresh, Json.write(tree) + "\n");
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED,
          "The token cannot be kept in " + path + ".",
          "Make its directory writable, or set HELM_TOKEN.",
          "",
          e);
    }
  }

  /** Removes it; true when there was one. */
  boolean delete() {
    try {
      return Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new Failure(ExitCode.FAILED, path + " cannot be removed.", "Remove it by hand.", "", e);
    }
  }

  /** A JWT, when it ends, and whose it is. */
  record Token(String value, String expiresAt, String user) {
    @Override
    public String toString() {
      return "Token[user=" + user + ", expiresAt=" + expiresAt + "]";
    }
  }
}
