package dev.helm.service.auth;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A paired device's Ed25519 key, and what it signs to get its next token. */
public final class DeviceKey {
  private static final int KEY_BYTES = 32;
  private static final int SIGNATURE_BYTES = 64;

  /** What X.509 puts before the 32 bytes of an Ed25519 key. */
  private static final byte[] X509_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

  private final PublicKey key;

  private DeviceKey(PublicKey key) {
    this.key = key;
  }

  /** The key of base64 text, or null when it is none. */
  public static @Nullable DeviceKey of(String base64) {
    byte[] raw = decoded(base64, KEY_BYTES);
    if (raw == null) {
      return null;
    }
    byte[] encoded = new byte[X509_HEAD.length + KEY_BYTES];
    System.arraycopy(X509_HEAD, 0, encoded, 0, X509_HEAD.length);
    System.arraycopy(raw, 0, encoded, X509_HEAD.length, KEY_BYTES);
    try {
      PublicKey key =
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
      // Only this says whether the bytes are a point of the curve.
      Signature.getInstance("Ed25519").initVerify(key);
      return new DeviceKey(key);
    } catch (GeneralSecurityException e) {
      return null;
    }
  }

  /** Whether the signature is this key's over what a device signs for this challenge. */
  public boolean signed(String device, String challenge, String signature) {
    byte[] raw = decoded(signature, SIGNATURE_BYTES);
    if (raw == null) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(text(device, challenge).getBytes(StandardCharsets.UTF_8));
      return verifier.verify(raw);
    } catch (SignatureException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  /** What a device signs. */
  public static String text(String device, String challenge) {
    return "helm-refresh-v1\n" + device + "\n" + challenge;
  }

  private static byte @Nullable [] decoded(String base64, int bytes) {
    if (base64.length() > 2 * bytes) {
      return null;
    }
    try {
      byte[] raw = Base64.getDecoder().decode(base64);
      return raw.length == bytes ? raw : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
