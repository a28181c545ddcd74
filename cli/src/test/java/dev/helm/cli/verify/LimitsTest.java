package dev.helm.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** A bundle that names things without end fills no memory, and is not verified. */
class LimitsTest {
  private static ChainCheck.Read event(long seq, String type, Map<String, Object> data) {
    return new ChainCheck.Read(seq, "2026-01-01T00:00:00.000Z", type, "main", data, "");
  }

  @Test
  void moreCallsThanCanBeRememberedAreAFault() {
    Report report = new Report();
    LogRules rules = new LogRules(report, 10_000);
    rules.take(event(1, "run.created", Map.of()));
    for (int i = 2; i < 1_000; i++) {
      rules.take(
          event(i, "tool.requested", Map.of("toolUseId", "t" + i, "argumentsHash", "x".repeat(64))));
    }
    assertThat(report.count()).isEqualTo(1);
    assertThat(report.faults().getFirst().text()).contains("more calls than can be checked");
  }

  @Test
  void moreBlobsThanCanBeRememberedAreAFault() {
    Report report = new Report();
    BlobCheck blobs = new BlobCheck(report, 10);
    for (int i = 0; i < 100; i++) {
      String sha256 = "%064x".formatted(i);
      blobs.take(
          event(
              i + 1,
              "tool.finished",
              Map.of("r", Map.of("sha256", sha256, "bytes", 1, "mediaType", "text/plain"))));
    }
    assertThat(report.count()).isEqualTo(1);
    assertThat(report.faults().getFirst().text()).contains("more blobs than can be checked");
  }
}
