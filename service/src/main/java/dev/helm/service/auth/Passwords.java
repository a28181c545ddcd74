package dev.helm.service.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
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

  /** How long a log-in waits for its turn to be hashed. */
  private static final int WAIT_SECONDS_MAX = 10;

  private final LongAdder hashed = new LongAdder();

  /** Attack: an unknown name answers sooner than a known one. It is hashed against this. */
  private final String nobody = hash(random());

  /**
   * Hashing is dear on purpose. Attack: a flood of log-ins takes all memory and cores, or makes the
   * owner wait. So few are hashed at once, and those from known addresses have a lane of their own.
   */
  public enum Lane {
    KNOWN(1),
    STRANGER(2);

    private final Semaphore atOnce;

    Lane(int atOnce) {
      this.atOnce = new Semaphore(atOnce, true);
    }
  }

  /** Too many passwords wait to be hashed. */
  public static final class BusyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BusyException() {
      super("too many log-ins at once", null, false, false);
    }
  }

  /** A password that Helm makes: 24 characters, 140 bits. */
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
        + base64.encodeToString(argon2(password, salt, MEMORY_KIB, PASSES, Lane.KNOWN));
  }

  /**
   * Whether the password is the one of the hash.
   *
   * @throws BusyException when too many wait already
   */
  public boolean matches(String password, String hash, Lane lane) {
    Matcher form = FORM.matcher(hash);
    if (!form.matches()) {
      return false;
    }
    byte[] salt = Base64.getDecoder().decode(form.group(3));
    byte[] expected = Base64.getDecoder().decode(form.group(4));
    byte[] found =
        argon2(
            password, salt, Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)), lane);
    return MessageDigest.isEqual(expected, found);
  }

  /** Takes as long as {@link #matches} and is always false. */
  public boolean matchesNobody(String password, Lane lane) {
    return matches(password, nobody, lane) && nobody.isEmpty();
  }

  /** How many hashes were made so far: what an answer costs, told without a clock. */
  public long hashed() {
    return hashed.sum();
  }

  private byte[] argon2(String password, byte[] salt, int memoryKib, int passes, Lane lane) {
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
    acquire(lane);
    hashed.increment();
    try {
      generator.generateBytes(password.getBytes(StandardCharsets.UTF_8), hash);
    } finally {
      lane.atOnce.release();
    }
    return hash;
  }

  private static void acquire(Lane lane) {
    try {
      if (lane.atOnce.tryAcquire(WAIT_SECONDS_MAX, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new BusyException();
  }
}
