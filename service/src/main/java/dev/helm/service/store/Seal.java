package dev.helm.service.store;

import dev.helm.activities.secret.Secrets.UnreadableException;
import dev.helm.api.Secret;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM with the key of one file. What a value is of (project, name, version) is sealed with
 * it: a row that somebody copies to another name, or takes back to an older value, does not open.
 */
final class Seal {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecureRandom random = new SecureRandom();
  private final Path file;
  private final SecretKeySpec key;

  private Seal(Path file, SecretKeySpec key) {
    this.file = file;
    this.key = key;
  }

  /** With the key of this file, which is made at first use, mode 600. */
  static Seal ofFile(Path file) {
    return new Seal(file, new SecretKeySpec(KeyFile.read(file), "AES"));
  }

  /** The value sealed, behind its nonce. */
  byte[] close(Secret value, String project, String name, long version) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed =
          cipher(Cipher.ENCRYPT_MODE, nonce, project, name, version)
              .doFinal(value.reveal().getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES-GCM", e);
    }
  }

  /** What {@link #close} sealed for the very same name and version. */
  Secret open(byte[] sealed, String project, String name, long version) {
    String what = "the secret " + name + " of project " + project;
    if (sealed.length < NONCE_BYTES + TAG_BITS / 8) {
      throw new UnreadableException(what + " is damaged; set it again", null);
    }
    try {
      byte[] value =
          cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(sealed, NONCE_BYTES), project, name, version)
              .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
      return Secret.of(new String(value, StandardCharsets.UTF_8));
    } catch (AEADBadTagException e) {
      throw new UnreadableException(
          what
              + " was sealed with another key than "
              + file
              + ", or was changed; put that key back, or set the secret again",
          null);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES-GCM", e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, String project, String name, long version)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    // Neither a project nor a name has a slash.
    cipher.updateAAD(
        ("helm-secret-v1/" + project + "/" + name + "/" + version)
            .getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
