package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RefusalLogTest {
  @Test
  void aStormIsAFewLinesAndANumber() {
    AtomicLong clock = new AtomicLong();
    List<String> lines = new ArrayList<>();
    RefusalLog log = new RefusalLog("0badc0de", lines::add, clock::get);
    for (int i = 0; i < 10_000; i++) {
      log.refused("another process");
    }
    assertThat(lines).hasSize(RefusalLog.LINES_A_MINUTE_MAX);
    assertThat(lines.getFirst())
        .isEqualTo("slot 0badc0de: refused on the executor's socket: another process");
    clock.set(TimeUnit.MINUTES.toNanos(1));
    log.refused("no secret");
    assertThat(lines.getLast())
        .isEqualTo(
            "slot 0badc0de: refused on the executor's socket: no secret"
                + " (and 9995 times more before, not told one by one)");
  }
}
