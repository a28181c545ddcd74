package dev.helm.api.bundle;

import dev.helm.api.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The public half of a key that signs checkpoints and exports.
 *
 * @param id its fingerprint: SHA-256 of the key's X.509 encoding, 64 lower-case hex digits
 * @param key the key
 */
public record SignerKey(String id, PublicKey key) {
  /** Most keys of one file. */
  public static final int KEYS_MAX = 100;

  private static final String ALGORITHM = "Ed25519";
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END PUBLIC KEY-----");

  /** A key with its fingerprint. */
  public static SignerKey of(PublicKey key) {
    return new SignerKey(Sha256.hex(key.getEncoded()), key);
  }

  /**
   * The keys of a PEM text, in their order.
   *
   * @throws IllegalArgumentException when it holds none, or one that is no Ed25519 key
   */
  public static List<SignerKey> ofPem(String pem) {
    List<SignerKey> keys = new ArrayList<>();
    Matcher matcher = PEM.matcher(pem);
    while (matcher.find() && keys.size() < KEYS_MAX) {
      try {
        byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
        keys.add(
            of(KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded))));
      } catch (GeneralSecurityException | IllegalArgumentException e) {
        throw new IllegalArgumentException("a public key cannot be read: " + e.getMessage(), e);
      }
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("there is no public key in PEM form");
    }
    return keys;
  }

  /** The key as PEM, with a line end. */
  public String pem() {
    return "-----BEGIN PUBLIC KEY-----\n"
        + Base64.getEncoder().encodeToString(key.getEncoded())
        + "\n-----END PUBLIC KEY-----\n";
  }

  /** Whether the signature (base64 in its one canonical form) is this key's over the text. */
  public boolean signed(String text, String signature) {
    try {
      byte[] bytes = Base64.getDecoder().decode(signature);
      // Attack: an edit of bits that base64 does not use leaves no trace.
      if (!Base64.getEncoder().encodeToString(bytes).equals(signature)) {
        return false;
      }
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(key);
      verifier.update(text.getBytes(StandardCharsets.UTF_8));
      return verifier.verify(bytes);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }
}
