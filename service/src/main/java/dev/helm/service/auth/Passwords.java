package dev.helm.service.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** Argon2id hashes in the usual text form; 19 MiB and two passes each. */
public final class Passwords {
  /** Longest password that is looked at. */
  public static final int CHARS_MAX = 256;

  private static final int MEMORY_KIB = 19 * 1024;
  private static final int PASSES = 2;
  private static final int SALT_BYTES = 16;
  private static final int HASH_BYTES = 32;
  private static final Pattern FORM =
      Pattern.compile(
          "\\$argon2id\\$v=19\\$m=([0-9]{1,6}),t=([0-9]{1,2}),p=1\\$([A-Za-z0-9+/]{22})\\$([A-Za-z0-9+/]{43})");
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Hashing is dear on purpose; a flood of logins must not take all memory and cores. */
  private final Semaphore atOnce = new Semaphore(2);

  /** Checked for unknown names, so that an answer takes the same time for every name. */
  private final String nobody = hash(random());

  /** A password for the first owner: 24 characters, 140 bits. */
  public static String random() {
    String letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    StringBuilder password = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      password.append(letters.charAt(RANDOM.nextInt(letters.length())));
    }
    return password.toString();
  }

  /** The hash of a password with a new salt. */
  public String hash(String password) {
    byte[] salt = new byte[SALT_BYTES];
    RANDOM.nextBytes(salt);
    Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
    return "$argon2id$v=19$m="
        + MEMORY_KIB
        + ",t="
        + PASSES
        + ",p=1$"
        + base64.encodeToString(salt)
        + "$"
        + base64.encodeToString(argon2(password, salt, MEMORY_KIB, PASSES));
  }

  /** Whether the password is the one of the hash. */
  public boolean matches(String password, String hash) {
    Matcher form = FORM.matcher(hash);
    if (!form.matches()) {
      return false;
    }
    byte[] salt = Base64.getDecoder().decode(form.group(3));
    byte[] expected = Base64.getDecoder().decode(form.group(4));
    byte[] found =
        argon2(password, salt, Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
    return MessageDigest.isEqual(expected, found);
  }

  /** Takes as long as {@link #matches} and is always false. */
  public boolean matchesNobody(String password) {
    return matches(password, nobody) && nobody.isEmpty();
  }

  private byte[] argon2(String password, byte[] salt, int memoryKib, int passes) {
    Argon2BytesGenerator generator = new Argon2BytesGenerator();
    generator.init(
        new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
            .withVersion(Argon2Parameters.ARGON2_VERSION_13)
            .withSalt(salt)
            .withMemoryAsKB(memoryKib)
            .withIterations(passes)
            .withParallelism(1)
            .build());
    byte[] hash = new byte[HASH_BYTES];
    atOnce.acquireUninterruptibly();
    try {
      generator.generateBytes(password.getBytes(StandardCharsets.UTF_8), hash);
    } finally {
      atOnce.release();
    }
    return hash;
  }
}
