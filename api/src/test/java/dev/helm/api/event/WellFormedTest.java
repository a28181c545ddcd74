package dev.helm.api.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WellFormedTest {
  @Test
  void bytesThatAreNoUtf8AreShownOneByOne() {
    assertThat(WellFormed.text(new byte[] {'a', (byte) 0xff, 'b'})).isEqualTo("a⟦ff⟧b");
    assertThat(WellFormed.text(new byte[] {(byte) 0xe2, (byte) 0x82})).isEqualTo("⟦e2⟧⟦82⟧");
    assertThat(WellFormed.text("€\ufffd😀".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("€\ufffd😀");
    assertThat(WellFormed.text(new byte[0])).isEmpty();
  }

  @Test
  void halvesOfPairsAreShown() {
    assertThat(WellFormed.text("a\ud800b\udc00")).isEqualTo("a⟦\\ud800⟧b⟦\\udc00⟧");
    assertThat(WellFormed.text("\ud83d\ud83d\ude00")).isEqualTo("⟦\\ud83d⟧😀");
    assertThat(WellFormed.text("plain 😀")).isEqualTo("plain 😀");
  }

  @Test
  void randomBytesComeOutAsTheTableOfTheRfcSays() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int[] edges = {
      0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
      0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0xbd
    };
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[random.nextInt(9)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] =
            (byte)
                (random.nextInt(4) == 0 ? random.nextInt() : edges[random.nextInt(edges.length)]);
      }
      String text = WellFormed.text(bytes);
      assertThat(text).as("seed %d", seed).isEqualTo(oracle(bytes));
      assertThat(CanonicalJson.write(text)).isNotEmpty();
    }
  }

  /** RFC 3629, section 4, written down. */
  private static String oracle(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < bytes.length) {
      int a = at(bytes, i);
      int b = at(bytes, i + 1);
      boolean c = tail(at(bytes, i + 2));
      boolean d = tail(at(bytes, i + 3));
      int length = 0;
      if (a <= 0x7f) {
        length = 1;
      } else if (a >= 0xc2 && a <= 0xdf && tail(b)) {
        length = 2;
      } else if (a >= 0xe0 && a <= 0xef && c && tail(b)) {
        length = (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ? 0 : 3;
      } else if (a >= 0xf0 && a <= 0xf4 && c && d && tail(b)) {
        length = (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f) ? 0 : 4;
      }
      if (length == 0) {
        text.append("⟦").append(String.format("%02x", a)).append("⟧");
        i++;
      } else {
        text.append(new String(bytes, i, length, StandardCharsets.UTF_8));
        i += length;
      }
    }
    return text.toString();
  }

  private static int at(byte[] bytes, int i) {
    return i < bytes.length ? bytes[i] & 0xff : 0;
  }

  private static boolean tail(int b) {
    return b >= 0x80 && b <= 0xbf;
  }
}
