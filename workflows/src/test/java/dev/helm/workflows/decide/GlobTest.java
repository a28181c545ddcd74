package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.regex.Pattern;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class GlobTest {
  private static final String PATTERN_LETTERS = "***//ab?.\n";
  private static final String VALUE_LETTERS = "//aab.?\n";

  @Test
  void matchesWhatItsRegexWouldMatch() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int matched = 0;
    for (int i = 0; i < 200_000; i++) {
      String pattern = letters(random, PATTERN_LETTERS, 8);
      String value = letters(random, VALUE_LETTERS, 8);
      boolean path = regex(pattern, true).matcher(value).matches();
      boolean text = regex(pattern, false).matcher(value).matches();
      Assertions.assertThat(Glob.path(pattern, value))
          .as("seed %d path %s on %s", seed, pattern, value)
          .isEqualTo(path);
      Assertions.assertThat(Glob.text(pattern, value))
          .as("seed %d text %s on %s", seed, pattern, value)
          .isEqualTo(text);
      matched += (path ? 1 : 0) + (text ? 1 : 0);
    }
    assertThat(matched).as("matches of seed %d", seed).isGreaterThan(1_000);
  }

  @Test
  void aCommandMadeForThePatternTakesNoTime() {
    String value = "git".repeat(3_000) + "push".repeat(3_000) + "--forc".repeat(3_000);
    String path = "a/".repeat(15_000);
    org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          assertThat(Glob.command("*git*push*--force*", value)).isFalse();
          assertThat(Glob.path("**/a/**/a/**/a/**/b", path)).isFalse();
        });
  }

  private static String letters(Random random, String from, int most) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(most + 1); n > 0; n--) {
      text.append(from.charAt(random.nextInt(from.length())));
    }
    // One beyond the first plane is still one character.
    return random.nextInt(10) == 0 ? text + "\ud83d\ude00" : text.toString();
  }

  private static Pattern regex(String pattern, boolean path) {
    String literal = "\\\\Q$0\\\\E";
    String regex =
        Pattern.compile("\\*+/?|[^*]", Pattern.DOTALL)
            .matcher(pattern)
            .replaceAll(
                part -> {
                  String text = part.group();
                  int stars = (int) text.chars().filter(c -> c == '*').count();
                  boolean slash = stars > 0 && text.endsWith("/");
                  if (stars == 0) {
                    return path && text.equals("?") ? "[^/]" : literal;
                  }
                  return path && stars > 1 && slash
                      ? "(?:.*/)?"
                      : (path && stars == 1 ? "[^/]*" : ".*") + (slash ? "/" : "");
                });
    return Pattern.compile("(?s)" + regex);
  }
}
