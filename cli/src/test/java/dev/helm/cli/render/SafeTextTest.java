package dev.helm.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SafeTextTest {
  @Test
  void everyControlAndHiddenFormatBecomesVisible() {
    assertThat(SafeText.line("a\u001b[31mb\u0007\u0000\u007f\u009b"))
        .isEqualTo("a\\x1b[31mb\\x07\\x00\\x7f\\x9b");
    assertThat(SafeText.line("\u001b]8;;https://evil.test\u001b\\link"))
        .isEqualTo("\\x1b]8;;https://evil.test\\x1b\\link");
    assertThat(SafeText.line("\u202e\u2066\u2069\u200f\u061c"))
        .isEqualTo("\\u202e\\u2066\\u2069\\u200f\\u061c");
    assertThat(SafeText.line("pay\u200bpal\u00ad\ufeff")).isEqualTo("pay\\u200bpal\\xad\\ufeff");
    assertThat(SafeText.line("x\udb40\udc41y\u3164")).isEqualTo("x\\u{e0041}y\\u3164");
    assertThat(SafeText.line("\ud800")).isEqualTo("\\ud800");
    assertThat(SafeText.line("a\u2028b\u2029c\u0085d")).isEqualTo("a\\u2028b\\u2029c\\x85d");
  }

  @Test
  void linesStayOneLineAndBlocksKeepTheirs() {
    assertThat(SafeText.line("a\nb\tc\rd")).isEqualTo("a b c\\x0dd");
    assertThat(SafeText.block("a\r\nb\tc\rd")).isEqualTo("a\nb  c\\x0dd");
    assertThat(SafeText.prose("  a \n\n b ")).isEqualTo("a b");
  }

  @Test
  void honestTextIsLeftAlone() {
    String text = "Grüße, 東京 “quoted” → ≥ 50 · €5 ✓ 😀 ❤\ufe0f";
    assertThat(SafeText.line(text)).isEqualTo(text);
  }

  @Test
  void noRandomTextGetsAControlThrough() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = 0; j < 20; j++) {
        text.append(
            (char) (random.nextBoolean() ? random.nextInt(0x100) : random.nextInt(0x10000)));
      }
      String safe = SafeText.line(text.toString());
      assertThat(safe.codePoints())
          .as("seed %d", seed)
          .noneMatch(
              c ->
                  Character.isISOControl(c)
                      || Character.getType(c) == Character.FORMAT
                      || Character.getType(c) == Character.SURROGATE);
    }
  }

  @Test
  void columnsCountWideCharactersTwice() {
    assertThat(Columns.of("東京")).isEqualTo(4);
    assertThat(Columns.cutMiddle("abcdefghij", 5)).isEqualTo("ab…ij");
    assertThat(Columns.of(Columns.cutMiddle("東京東京東京東京", 7))).isLessThanOrEqualTo(7);
    assertThat(Columns.wrap("one two three four", 9)).containsExactly("one two", "three", "four");
    assertThat(Columns.wrap("x".repeat(25), 10))
        .containsExactly("x".repeat(10), "x".repeat(10), "x".repeat(5));
  }
}
