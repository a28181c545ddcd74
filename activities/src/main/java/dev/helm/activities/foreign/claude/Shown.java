package dev.helm.activities.foreign.claude;

/** Words of the container in sentences of Helm's. */
final class Shown {
  private static final int NAME_CHARS_MAX = 100;

  private Shown() {}

  /** A name, cut and without what could look like something else. */
  static String name(String name) {
    String plain = name.replaceAll("[^A-Za-z0-9_.:/-]", "?");
    return plain.length() <= NAME_CHARS_MAX ? plain : plain.substring(0, NAME_CHARS_MAX) + "…";
  }
}
