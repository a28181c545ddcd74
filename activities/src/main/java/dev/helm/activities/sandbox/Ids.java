package dev.helm.activities.sandbox;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** The forms of the identifiers that reach the file system, the engine or the executor. */
final class Ids {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Pattern RUN = Pattern.compile("[0-9a-f]{32}");
  private static final Pattern SLOT = Pattern.compile("[0-9a-f]{8}");
  private static final Pattern SECRET = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern IMAGE = Pattern.compile("sha256:[0-9a-f]{64}");
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9/_.:-]{1,200}");

  private Ids() {}

  static String run(String value) {
    return check(RUN, value, "run id (32 lower-case hex digits)");
  }

  static String slot(String value) {
    return check(SLOT, value, "slot id (8 lower-case hex digits)");
  }

  static String image(String value) {
    return check(IMAGE, value, "image id (sha256: and 64 hex digits; names and tags can move)");
  }

  static String effectKey(String value) {
    return check(KEY, value, "effect key (1 to 200 of A-Z a-z 0-9 / _ . : -)");
  }

  static boolean isSlot(String value) {
    return SLOT.matcher(value).matches();
  }

  static boolean isSecret(String value) {
    return SECRET.matcher(value).matches();
  }

  static boolean isBoot(String value) {
    return RUN.matcher(value).matches();
  }

  static boolean isEffectKey(String value) {
    return KEY.matcher(value).matches();
  }

  static String newSlot() {
    return randomHex(4);
  }

  static String newSecret() {
    return randomHex(32);
  }

  private static String randomHex(int bytes) {
    byte[] random = new byte[bytes];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private static String check(Pattern form, String value, String what) {
    if (!form.matcher(value).matches()) {
      throw new IllegalArgumentException("not a " + what);
    }
    return value;
  }
}
