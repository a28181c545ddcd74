package dev.helm.activities.secret;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScrubberTest {
  private static Scrubber of(String... values) {
    return Scrubber.of(Map.of("TOKEN", List.of(values).stream().map(Secret::of).toList()));
  }

  @Test
  void aValueIsTakenOutInEveryFormThatItIsKnownIn() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      String value = value(random);
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      Scrubber scrubber = of(value);
      String user = "u".repeat(random.nextInt(5));
      String rest = "r".repeat(random.nextInt(5));
      byte[] inside = (user + value + rest).getBytes(StandardCharsets.UTF_8);
      List<String> forms =
          List.of(
              value,
              HelmJson.write(value).replaceAll("^\"|\"$", ""),
              URLEncoder.encode(value, StandardCharsets.UTF_8),
              HexFormat.of().formatHex(bytes));
      for (String form : forms) {
        assertThat(scrubber.text("a " + form + " b"))
            .as("seed " + seed)
            .isEqualTo("a [secret TOKEN] b");
      }
      String encoded = Base64.getEncoder().encodeToString(inside);
      String clean = scrubber.text(encoded);
      assertThat(clean).as("seed " + seed + " value " + value).contains("[secret TOKEN]");
      // At most the two characters at each edge that also hold bits of the neighbours are left.
      assertThat(clean.replace("[secret TOKEN]", "").length())
          .as("seed " + seed)
          .isLessThanOrEqualTo((user.length() + rest.length()) * 4 / 3 + 8);
    }
  }

  private static String value(Random random) {
    StringBuilder text = new StringBuilder();
    int length = Scrubber.VALUE_CHARS_MIN + random.nextInt(40);
    String letters = "abcXYZ019/+=&%*\" \\\nä€";
    while (text.length() < length) {
      text.append(letters.charAt(random.nextInt(letters.length())));
    }
    // What blanks are at the edges, some forms lose.
    return "k" + text.substring(2) + "z";
  }

  @Test
  void bytesKeepTheirNumberAndAHalfValueIsKnown() {
    Scrubber scrubber = of("correct-horse");
    byte[] bytes = "x correct-horse y correct-hor".getBytes(StandardCharsets.UTF_8);
    assertThat(new String(scrubber.masked(bytes), StandardCharsets.UTF_8))
        .isEqualTo("x ************* y correct-hor");
    assertThat(scrubber.open(bytes)).isEqualTo("correct-hor".length());
    assertThat(scrubber.open("nothing of it".getBytes(StandardCharsets.UTF_8))).isZero();
    assertThat(Scrubber.NONE.masked(bytes)).isSameAs(bytes);
  }

  @Test
  void aValueWithinAnotherDoesNotSpareItsRest() {
    Scrubber scrubber = of("password", "password-and-more");
    assertThat(scrubber.text("it is password-and-more!")).isEqualTo("it is [secret TOKEN]!");
  }
}
