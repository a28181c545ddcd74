package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the log says of waiting runs, on a real database. */
class StoredWaitsTest {
  @TempDir Path home;

  @ParameterizedTest
  @CsvSource({
    "permission, true",
    "question, true",
    "unknown, true",
    "budget, true",
    "person, true",
    "system, false",
    "stalled, false"
  })
  void aRunWaitsWhenOnlyPeopleCanGoOn(String reason, boolean waits) {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      StoredWaits waiting = waits(store);
      assertThat(waiting.waitingMs(run)).isEmpty();
      append(store, run, new RunEvent.RunStarted(1, "sha256:" + "a".repeat(64)));
      assertThat(waiting.waitingMs(run)).isEmpty();
      append(store, run, new RunEvent.RunPaused(reason, null, null, null, null));
      assertThat(waiting.waitingMs(run).isPresent()).isEqualTo(waits);
      if (waits) {
        assertThat(waiting.waitingMs(run).orElseThrow())
            .isGreaterThan(Duration.ofMinutes(59).toMillis());
      }
      append(store, run, new RunEvent.RunResumed(reason, null));
      assertThat(waiting.waitingMs(run)).isEmpty();
    }
  }

  @Test
  void whatIsTakenBackStandsInTheLogOnce() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      StoredWaits waiting = waits(store);
      waiting.takenBack(run, "0123abcd", "it waited");
      waiting.takenBack(run, "0123abcd", "it waited");
      assertThat(store.queries().events(Access.system(), run, 0, 100, Set.of()).items())
          .filteredOn(event -> event.type().equals("limit.reached"))
          .singleElement()
          .satisfies(event -> assertThat(event.data().toString()).contains("/tmp"));
    }
  }

  @Test
  void anUnknownRunDoesNotWait() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      assertThat(waits(store).waitingMs("0".repeat(32))).isEmpty();
    }
  }

  private static StoredWaits waits(Store store) {
    Clock later = Clock.fixed(Instant.now().plus(Duration.ofHours(1)), ZoneOffset.UTC);
    return new StoredWaits(store, Duration.ofMinutes(10), later);
  }

  private static void append(Store store, String run, RunEvent event) {
    store.log().append(run, List.of(new Fact(event.type(), "main", event)));
  }
}
