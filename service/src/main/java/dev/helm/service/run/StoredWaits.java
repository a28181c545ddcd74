package dev.helm.service.run;

import dev.helm.activities.sandbox.WaitingRuns;
import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.workflows.Fact;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** What the log says of runs that wait for people. */
final class StoredWaits implements WaitingRuns {
  /** Reasons of {@code run.paused} that only a person ends. */
  private static final Set<String> PEOPLE =
      Set.of("permission", "question", "unknown", "budget", "person");

  private final Store store;
  private final Duration patience;
  private final Clock clock;

  StoredWaits(Store store, Duration patience, Clock clock) {
    this.store = store;
    this.patience = patience;
    this.clock = clock;
  }

  @Override
  public Duration patience() {
    return patience;
  }

  @Override
  public OptionalLong waitingMs(String run) {
    Bodies.Run card = store.queries().run(Access.system(), run);
    if (card == null || card.status() != RunStatus.PAUSED) {
      return OptionalLong.empty();
    }
    String since = card.waitingSince();
    String what = card.waitingFor();
    return since == null || what == null || !PEOPLE.contains(what)
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(0, clock.millis() - Instant.parse(since).toEpochMilli()));
  }

  @Override
  public void takenBack(String run, String slot, String why) {
    RunEvent event =
        new RunEvent.LimitReached(
            "container",
            "the container was taken back: "
                + why
                + ". The workspace is kept; files elsewhere (/tmp) are gone. The run gets a new"
                + " container when it goes on");
    store.log().append(run, List.of(new Fact("container-back/" + slot, "main", event)));
  }
}
