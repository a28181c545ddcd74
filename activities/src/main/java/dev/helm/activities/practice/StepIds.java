package dev.helm.activities.practice;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Tool-use ids that say which step of a scenario made them. An id is one encrypted block (step,
 * turn, call, nonce, check), so that it looks like a real one, two are never equal, and an id of
 * another model or scenario is told apart with an error of 2^-32. The key comes from the scenario's
 * name: a restarted practice model reads the ids of its former life.
 */
final class StepIds {
  private static final int CHECK = 0x48454c4d;
  private static final int DIGITS = 22;
  private static final String ALPHABET =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final BigInteger BASE = BigInteger.valueOf(ALPHABET.length());
  private static final String PREFIX = "toolu_01";
  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * What an id says.
   *
   * @param stepHash of the step's name, see {@link #hash}
   * @param turn which repetition of the step, from 1
   * @param call which of the step's calls, from 0
   */
  record Made(int stepHash, int turn, int call) {}

  private final SecretKeySpec key;

  StepIds(String scenario) {
    byte[] digest = sha256("helm practice model, tool ids, v1|" + scenario);
    this.key = new SecretKeySpec(Arrays.copyOf(digest, 16), "AES");
  }

  static int hash(String step) {
    return ByteBuffer.wrap(sha256(step)).getInt();
  }

  String make(String step, int turn, int call) {
    byte[] plain =
        ByteBuffer.allocate(16)
            .putInt(hash(step))
            .putInt((turn << 8) | call)
            .putInt(RANDOM.nextInt())
            .putInt(CHECK)
            .array();
    return PREFIX + digits(new BigInteger(1, cipher(Cipher.ENCRYPT_MODE, plain)));
  }

  /** Reads an id; null for an id that this scenario did not make. */
  @Nullable Made read(String id) {
    if (id.length() != PREFIX.length() + DIGITS || !id.startsWith(PREFIX)) {
      return null;
    }
    byte[] block = block(id.substring(PREFIX.length()));
    if (block == null) {
      return null;
    }
    ByteBuffer plain = ByteBuffer.wrap(cipher(Cipher.DECRYPT_MODE, block));
    int step = plain.getInt();
    int turnAndCall = plain.getInt();
    plain.getInt();
    return plain.getInt() == CHECK ? new Made(step, turnAndCall >>> 8, turnAndCall & 0xff) : null;
  }

  /** An id of the real length for things that nobody has to read back. */
  static String random(String prefix) {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return prefix + digits(new BigInteger(1, bytes));
  }

  private static String digits(BigInteger number) {
    char[] out = new char[DIGITS];
    BigInteger rest = number;
    for (int i = DIGITS - 1; i >= 0; i--) {
      BigInteger[] parts = rest.divideAndRemainder(BASE);
      out[i] = ALPHABET.charAt(parts[1].intValue());
      rest = parts[0];
    }
    return new String(out);
  }

  private static byte @Nullable [] block(String digits) {
    BigInteger number = BigInteger.ZERO;
    for (int i = 0; i < digits.length(); i++) {
      int value = ALPHABET.indexOf(digits.charAt(i));
      if (value < 0) {
        return null;
      }
      number = number.multiply(BASE).add(BigInteger.valueOf(value));
    }
    if (number.bitLength() > 128) {
      return null;
    }
    byte[] bytes = number.toByteArray();
    byte[] block = new byte[16];
    int n = Math.min(16, bytes.length);
    System.arraycopy(bytes, bytes.length - n, block, 16 - n, n);
    return block;
  }

  private byte[] cipher(int mode, byte[] block) {
    try {
      // One random block under its own key: there is no second block whose likeness ECB would show.
      @SuppressWarnings("InsecureCryptoUsage")
      Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
      aes.init(mode, key);
      return aes.doFinal(block);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES", e);
    }
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
