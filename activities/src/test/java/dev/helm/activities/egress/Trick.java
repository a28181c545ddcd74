package dev.helm.activities.egress;

import java.nio.charset.StandardCharsets;

/**
 * One way to get out that must fail.
 *
 * @param name says what is tried, for people
 * @param lacks what a proxy must lack for it to work
 * @param head sent at once
 * @param then sent when the proxy answers 200
 */
public record Trick(String name, Lacks lacks, byte[] head, byte[] then) {
  /** The safeguard that the trick is aimed at. */
  public enum Lacks {
    /** Whole-label match of a canonical host; the naive proxy compares ends of strings. */
    MATCH,
    /** An allowlist and its refusal of addresses in any spelling. */
    LIST,
    /** The one port. */
    PORT,
    /** Strict HTTP. */
    HTTP,
    /** Refusal of special addresses after the look-up. */
    ADDRESS,
    /** The check of the TLS hello. */
    HELLO
  }

  static Trick of(String name, Lacks lacks, String head, byte[] then) {
    return new Trick(name, lacks, head.getBytes(StandardCharsets.ISO_8859_1), then);
  }

  /** Line ends and other control characters made visible. */
  static String shown(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(c > ' ' && c < 0x7f ? String.valueOf(c) : String.format("\\x%02x", (int) c));
      if (out.length() > 70) {
        return out.append('…').toString();
      }
    }
    return out.toString();
  }

  @Override
  public String toString() {
    return lacks + " · " + name;
  }
}
