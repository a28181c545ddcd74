package dev.helm.service.auth;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/** How a service token looks: a prefix that secret scanners find, and 256 random bits. */
public final class ServiceTokenText {
  /** Stands before a service token's name wherever people read it; no user's name has a colon. */
  public static final String NAME_PREFIX = "token:";

  private static final String PREFIX = "helm_";
  private static final Pattern FORM = Pattern.compile(PREFIX + "[A-Za-z0-9_-]{43}");
  private static final SecureRandom RANDOM = new SecureRandom();

  private ServiceTokenText() {}

  /** A new one. */
  public static String random() {
    byte[] bytes = new byte[32];
    RANDOM.nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** Whether the text may be one. */
  static boolean hasForm(String text) {
    return FORM.matcher(text).matches();
  }
}
