package dev.helm.activities.tools;

/** Cuts long text in the middle, where it says the least. */
public final class Cut {
  private Cut() {}

  /** The text, with its middle left out if it is longer. */
  public static String middle(String text, int charsMax) {
    if (text.length() <= charsMax) {
      return text;
    }
    int half = (charsMax - 40) / 2;
    int from = Character.isHighSurrogate(text.charAt(half - 1)) ? half - 1 : half;
    int to = text.length() - half;
    to = Character.isLowSurrogate(text.charAt(to)) ? to + 1 : to;
    return text.substring(0, from)
        + "\n… ("
        + (to - from)
        + " characters cut) …\n"
        + text.substring(to);
  }
}
