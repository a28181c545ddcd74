package dev.helm.service.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** A file that holds one random key of 256 bits in hex; made at first use, mode 600. */
public final class KeyFile {
  private static final int KEY_BYTES = 32;

  private KeyFile() {}

  /**
   * Reads the key, or makes it.
   *
   * @return 32 bytes
   * @throws StoreException when it cannot be read or is no key
   */
  public static byte[] read(Path file) {
    try {
      Files.createDirectories(
          file.toAbsolutePath().getParent(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      if (!Files.exists(file)) {
        create(file);
      }
      byte[] key = HexFormat.of().parseHex(Files.readString(file).strip());
      if (key.length != KEY_BYTES) {
        throw new StoreException(file + " holds no key of 32 bytes in hex", null);
      }
      return key;
    } catch (IOException e) {
      throw new StoreException("cannot read or make the key file " + file, e);
    } catch (IllegalArgumentException e) {
      throw new StoreException(file + " holds no key of 32 bytes in hex", null);
    }
  }

  private static void create(Path file) throws IOException {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    // Written aside and linked, so that a kill leaves no empty key behind.
    Path fresh = Files.createTempFile(file.getParent(), "key", ".new");
    try (FileChannel out =
        FileChannel.open(fresh, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
      out.write(ByteBuffer.wrap(HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII)));
      out.force(true);
    }
    try {
      Files.createLink(file, fresh);
    } catch (FileAlreadyExistsException e) {
      // Another thread made it first; its key counts.
    } finally {
      Files.delete(fresh);
    }
  }
}
