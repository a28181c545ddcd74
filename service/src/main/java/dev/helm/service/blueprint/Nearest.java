package dev.helm.service.blueprint;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the word that somebody probably meant. */
public final class Nearest {
  /** Longer words than this are nobody's typing slip. */
  private static final int CHARS_MAX = 64;

  private Nearest() {}

  /** The known word nearest to {@code word} by edit distance, or null when none is near. */
  public static @Nullable String word(String word, Collection<String> known) {
    if (word.isEmpty() || word.length() > CHARS_MAX) {
      return null;
    }
    String best = null;
    int bestDistance = Math.max(2, word.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (distance < bestDistance && distance < candidate.length()) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best;
  }

  /** {@code did you mean "x"?} or null. */
  public static @Nullable String hint(String word, Collection<String> known) {
    String near = word(word, known);
    return near == null ? null : "did you mean \"" + near + "\"?";
  }

  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int swap = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(swap, Math.min(previous[j], row[j - 1]) + 1);
      }
      previous = row;
    }
    return previous[b.length()];
  }
}
