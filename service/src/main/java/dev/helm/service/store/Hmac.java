package dev.helm.service.store;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA-256 with a key from a file that is made at first use, mode 600. */
public final class Hmac {
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
    return new Hmac(KeyFile.read(file));
  }

  /** 64 lower-case hex digits. */
  public String of(String text) {
    return HexFormat.of().formatHex(of(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** 32 bytes. */
  public byte[] of(byte[] bytes) {
    return begun().doFinal(bytes);
  }

  /** One that has read nothing yet. */
  public Mac begun() {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac;
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
