package dev.helm.service.auth;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/** Files that only their owner may read, whole on disk or not there. */
final class PrivateFiles {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private PrivateFiles() {}

  /** Writes the file with mode 600 through a temporary one, synced before it takes its name. */
  static void write(Path file, byte[] content) throws IOException {
    byte[] suffix = new byte[8];
    new SecureRandom().nextBytes(suffix);
    Path fresh =
        file.resolveSibling(file.getFileName() + "." + HexFormat.of().formatHex(suffix) + ".tmp");
    Files.createFile(fresh, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /**
   * Reads a file that has to be a plain one with mode 600 or stricter.
   *
   * @throws IOException when others may read it, with what to do
   */
  static byte[] read(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(file + " is not a plain file; remove it and start again");
    }
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS))) {
      throw new IOException(
          file + " can be read by other users; run chmod 600 on it, or remove it for a new one");
    }
    return Files.readAllBytes(file);
  }
}
