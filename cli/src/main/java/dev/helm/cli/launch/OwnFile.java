package dev.helm.cli.launch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * Small files that the launcher writes and reads where other users may add names: HELM_HOME and its
 * folder run. Both are sticky, so that nobody can replace a file that is the launcher's.
 */
public final class OwnFile {
  private static final int BYTES_MAX = 64 << 10;

  private OwnFile() {}

  /**
   * Replaces a file as a whole.
   *
   * @param mode as {@code rw-r--r--}
   */
  // Attack: helm plants a link, and root writes through it. Safeguard: a fresh file, renamed.
  public static void write(Path file, byte[] content, String mode) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Path fresh = Files.createTempFile(folder, "." + file.getFileName(), "");
    try {
      Files.write(fresh, content);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(mode));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** The same with text in UTF-8. */
  public static void write(Path file, String text, String mode) throws IOException {
    write(file, text.getBytes(StandardCharsets.UTF_8), mode);
  }

  /**
   * What is in a file of at most 64 KiB; empty when nothing has that name.
   *
   * @throws IOException it cannot be read, is no regular file, or belongs neither to this process'
   *     user nor to root
   */
  // Attack: helm plants a link, a pipe or its own words, and root believes or waits for them.
  // Safeguard: the name has to be a regular file of root's own before it is opened.
  public static Optional<byte[]> read(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(file + " is not a regular file; move it away");
    }
    int uid = Account.uidOf(file).orElse(-1);
    if (uid != 0 && uid != Account.ownUid()) {
      String whose = Account.ownUid() == 0 ? "root" : "you or root";
      throw new IOException(
          "%s is not a file that belongs to %s; chown it after you have looked into it"
              .formatted(file, whose));
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] content = in.readNBytes(BYTES_MAX + 1);
      if (content.length > BYTES_MAX) {
        throw new IOException(file + " is larger than " + (BYTES_MAX >> 10) + " KiB; shorten it");
      }
      return Optional.of(content);
    }
  }

  /** The same as text in UTF-8. */
  public static Optional<String> readText(Path file) throws IOException {
    return read(file).map(content -> new String(content, StandardCharsets.UTF_8));
  }
}
