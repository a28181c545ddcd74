package dev.helm.service.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA-256 with a key from a file that is made at first use, mode 600. */
public final class Hmac {
  private static final int KEY_BYTES = 32;

  private final SecretKeySpec key;

  private Hmac(byte[] key) {
    this.key = new SecretKeySpec(key, "HmacSHA256");
  }

  /**
   * Reads the key, or makes it.
   *
   * @throws StoreException when it cannot be read or is no key
   */
  public static Hmac ofFile(Path file) {
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
      return new Hmac(key);
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
    try (var out =
        Files.newByteChannel(
            fresh, Set.of(StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING))) {
      out.write(
          java.nio.ByteBuffer.wrap(
              HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII)));
      ((java.nio.channels.FileChannel) out).force(true);
    }
    try {
      Files.createLink(file, fresh);
    } catch (FileAlreadyExistsException e) {
      // Another thread made it first; its key counts.
    } finally {
      Files.delete(fresh);
    }
  }

  /** 64 lower-case hex digits. */
  public String of(String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  /** Compares in constant time. */
  boolean matches(String text, String mac) {
    return MessageDigest.isEqual(
        of(text).getBytes(StandardCharsets.US_ASCII), mac.getBytes(StandardCharsets.UTF_8));
  }
}
