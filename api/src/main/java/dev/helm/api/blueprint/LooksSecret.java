package dev.helm.api.blueprint;

import java.util.Locale;
import java.util.regex.Pattern;

/** Tells secrets by their looks, so that none is written down where people read it. */
public final class LooksSecret {
  /** Forms that well-known services give their tokens, and private keys. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "sk-[A-Za-z0-9_-]{16,}|sk_(live|test)_[A-Za-z0-9]{10,}|rk_(live|test)_[A-Za-z0-9]{10,}"
              + "|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
              + "|xox[abeprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{30,}"
              + "|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|hf_[A-Za-z0-9]{20,}"
              + "|eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*"
              + "|-----BEGIN [A-Z ]*PRIVATE KEY-----");

  private static final Pattern URL_PASSWORD =
      Pattern.compile("[a-z][a-z0-9+.-]*://[^/@\\s:]*:[^/@\\s]+@");
  private static final Pattern NAME =
      Pattern.compile(
          "(^|.*[_.-])(token|secret|secrets|password|passwd|pwd|apikey|key|pat|credential|credentials"
              + "|auth|authorization|dsn|cookie|session)([_.-]?[0-9]*)$");

  private static final Pattern PARAMETER = Pattern.compile("[?&]([^=&#]+)=([^&#]{8,})");

  private LooksSecret() {}

  /** Whether the text holds what is a token by its form, or an address with a password. */
  public static boolean token(String text) {
    return TOKEN.matcher(text).find() || URL_PASSWORD.matcher(text).find();
  }

  /** Whether an address has a secret in it, by its look or as a parameter's value. */
  public static boolean address(String url) {
    return token(url)
        || PARAMETER
            .matcher(url)
            .results()
            .anyMatch(each -> !each.group(2).contains("${") && named(each.group(1), ""));
  }

  /** Whether what is called so is a secret by its name or its value. */
  public static boolean named(String name, String value) {
    String plain = name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    return token(value) || NAME.matcher(plain).matches();
  }
}
