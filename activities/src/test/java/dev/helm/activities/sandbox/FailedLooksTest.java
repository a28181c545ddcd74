package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.workspace.Shortages;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A service out of file handles does not end its runs' commands; an odd tree does. */
final class FailedLooksTest {
  private final FailedLooks looks = new FailedLooks();

  private int looksUntilTooMany(Exception failure) {
    return IntStream.rangeClosed(1, 1_000)
        .filter(n -> looks.tooMany(failure))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aTreeThatCannotBeLookedIntoEndsItsCommandSoon() {
    assertThat(looksUntilTooMany(new IOException("odd"))).isEqualTo(FailedLooks.MAX);
    assertThat(looksUntilTooMany(new IOException("odd"))).isEqualTo(FailedLooks.MAX);
  }

  @Test
  void aShortageOfTheServiceItselfIsBorneLonger() {
    for (IOException failure : Shortages.all()) {
      looks.none();
      assertThat(looksUntilTooMany(failure))
          .as(failure.getMessage())
          .isEqualTo(FailedLooks.OWN_SHORTAGE_MAX);
    }
  }

  @Test
  void theyAreCountedApart() throws IOException {
    for (int n = 0; n < 20; n++) {
      assertThat(looks.tooMany(Shortages.all().getFirst())).isFalse();
    }
    assertThat(looksUntilTooMany(new IOException("odd"))).isEqualTo(FailedLooks.MAX);
    looks.none();
    for (int n = 1; n < FailedLooks.MAX; n++) {
      assertThat(looks.tooMany(new IOException("odd"))).isFalse();
    }
    looks.none();
    assertThat(looks.tooMany(new IOException("odd"))).isFalse();
  }
}
