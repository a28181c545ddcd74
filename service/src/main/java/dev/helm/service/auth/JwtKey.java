package dev.helm.service.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The key that signs tokens: 64 random bytes, made at the first start. */
public final class JwtKey {
  private static final int BYTES = 64;

  private JwtKey() {}

  /**
   * Reads {@code keys/jwt.key} of this home, or makes it.
   *
   * @throws IOException when it cannot be made, is damaged, or others may read it
   */
  public static byte[] of(Path home) throws IOException {
    Path keys = home.resolve("keys");
    Path file = keys.resolve("jwt.key");
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(
          keys, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      byte[] key = new byte[BYTES];
      new SecureRandom().nextBytes(key);
      PrivateFiles.write(
          file, (HexFormat.of().formatHex(key) + "\n").getBytes(StandardCharsets.US_ASCII));
    }
    try {
      String text = new String(PrivateFiles.read(file), StandardCharsets.US_ASCII).strip();
      byte[] key = HexFormat.of().parseHex(text);
      if (key.length == BYTES) {
        return key;
      }
    } catch (IllegalArgumentException e) {
      // Told below: damaged is damaged.
    }
    throw new IOException(
        file + " is damaged; remove it for a new one, after which everybody logs in again");
  }
}
