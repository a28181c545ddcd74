package dev.helm.cli.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.cli.Failure;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

class MomentsTest {
  private static final ZoneId ZONE = ZoneId.of("Europe/Berlin");
  private static final Instant NOW = Instant.parse("2026-03-02T13:30:00Z"); // 14:30 there

  private static String read(String typed) {
    return Moments.read("--since", typed, NOW, ZONE).toString();
  }

  @Test
  void momentsAreReadAsPeopleTypeThem() {
    assertThat(read("10m")).isEqualTo("2026-03-02T13:20:00Z");
    assertThat(read(" 90s ")).isEqualTo("2026-03-02T13:28:30Z");
    assertThat(read("2d")).isEqualTo("2026-02-28T13:30:00Z");
    assertThat(read("1w")).isEqualTo("2026-02-23T13:30:00Z");
    assertThat(read("14:00")).isEqualTo("2026-03-02T13:00:00Z");
    assertThat(read("9:05")).isEqualTo("2026-03-02T08:05:00Z");
    assertThat(read("9:05:30")).isEqualTo("2026-03-02T08:05:30Z");
    assertThat(read("23:00")).as("still to come, so yesterday").isEqualTo("2026-03-01T22:00:00Z");
    assertThat(read("2026-03-01")).isEqualTo("2026-02-28T23:00:00Z");
    assertThat(read("2026-03-01T10:00")).isEqualTo("2026-03-01T09:00:00Z");
    assertThat(read("2026-03-01T10:00:05")).isEqualTo("2026-03-01T09:00:05Z");
    assertThat(read("2026-03-01T10:00:00Z")).isEqualTo("2026-03-01T10:00:00Z");
    assertThat(read("2026-03-01T10:00:00.5+02:00")).isEqualTo("2026-03-01T08:00:00.500Z");
  }

  @Test
  void whatIsNoTimeIsToldWithExamples() {
    for (String typed :
        List.of(
            "",
            "x",
            "25:00",
            "10",
            "10y",
            "-5m",
            "2026-13-01",
            "2026-03-01T",
            "14:00Z",
            "9999999d",
            "\u001b[2J")) {
      assertThatThrownBy(() -> read(typed))
          .as(typed)
          .isInstanceOfSatisfying(
              Failure.class,
              failure -> {
                assertThat(failure.exit().code()).isEqualTo(2);
                assertThat(failure.what()).doesNotContain("\u001b");
                assertThat(failure.todo()).contains("14:00");
              });
    }
  }

  @Test
  void spansInWords() {
    assertThat(Moments.words(Duration.ofSeconds(-1))).isEqualTo("0 s");
    assertThat(Moments.words(Duration.ofSeconds(119))).isEqualTo("119 s");
    assertThat(Moments.words(Duration.ofMinutes(12))).isEqualTo("12 min");
    assertThat(Moments.words(Duration.ofMinutes(185))).isEqualTo("3 h 05 min");
    assertThat(Moments.words(Duration.ofDays(3))).isEqualTo("3 days");
  }
}
