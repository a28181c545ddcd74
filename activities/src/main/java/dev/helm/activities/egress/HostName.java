package dev.helm.activities.egress;

import java.util.Locale;

/**
 * A host in its one canonical form, which is what is matched, resolved, dialled and compared with
 * the TLS handshake. Made only by {@link #parse}.
 */
public final class HostName {
  private static final int MAX_CHARACTERS = 253;
  private static final int MAX_LABEL_CHARACTERS = 63;

  private final String text;

  private HostName(String text) {
    this.text = text;
  }

  /**
   * Accepts letters, digits, dots and hyphens in DNS labels; upper case becomes lower case. All
   * else is refused and never repaired: IP addresses in any spelling, a trailing dot, user info,
   * ports, escapes, non-ASCII.
   *
   * @throws IllegalArgumentException says which rule is broken
   */
  public static HostName parse(String raw) {
    if (raw.isEmpty() || raw.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException("host has no or too many characters");
    }
    for (int i = 0; i < raw.length(); i++) {
      if (!isAllowed(raw.charAt(i))) {
        throw new IllegalArgumentException("host holds a character that is not a-z 0-9 . -");
      }
    }
    String text = raw.toLowerCase(Locale.ROOT);
    String[] labels = text.split("\\.", -1);
    for (String label : labels) {
      checkLabel(label);
    }
    checkLast(labels[labels.length - 1]);
    return new HostName(text);
  }

  private static boolean isAllowed(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '.'
        || c == '-';
  }

  private static void checkLabel(String label) {
    if (label.isEmpty()) {
      throw new IllegalArgumentException("host has an empty label");
    }
    if (label.length() > MAX_LABEL_CHARACTERS) {
      throw new IllegalArgumentException("host has a label of more than 63 characters");
    }
    if (label.startsWith("-") || label.endsWith("-")) {
      throw new IllegalArgumentException("host has a label that starts or ends with a hyphen");
    }
  }

  /** A last label that some resolver reads as a number makes the whole an IPv4 address to it. */
  private static void checkLast(String label) {
    boolean digits = label.chars().allMatch(c -> c >= '0' && c <= '9');
    boolean hex =
        label.startsWith("0x")
            && label.chars().skip(2).allMatch(c -> Character.digit(c, 16) >= 0);
    if (digits || hex) {
      throw new IllegalArgumentException("host is an IP address or ends in a number");
    }
  }

  /** Whether there is only one label, as in {@code localhost}. */
  boolean isSingleLabel() {
    return text.indexOf('.') < 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HostName host && host.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The canonical text. */
  @Override
  public String toString() {
    return text;
  }
}
