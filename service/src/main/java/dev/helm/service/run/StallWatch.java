package dev.helm.service.run;

import dev.helm.activities.store.RunLog;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.RunEndedException;
import dev.helm.service.store.RunQueries;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.Fact;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Says of a run at work that nothing was recorded for longer than its blueprint's {@code
 * limits.stallAfter}: once for each silence, whoever looks and however often. The run's status
 * stays: a long command is silent too, and people judge.
 */
final class StallWatch {
  private final RunQueries runs;
  private final RunLog log;
  private final Clock clock;
  private final Instant since;

  /** A service that was away does not count its own absence as a run's silence. */
  StallWatch(RunQueries runs, RunLog log, Clock clock) {
    this.runs = runs;
    this.log = log;
    this.clock = clock;
    this.since = clock.instant();
  }

  /** Looks once through all runs at work. */
  void look() {
    Instant now = clock.instant();
    for (RunQueries.Quiet quiet : runs.quiet()) {
      Instant last = Instant.parse(quiet.at());
      Instant from = last.isBefore(since) ? since : last;
      if (Duration.between(from, now).toMillis() >= quiet.stallAfterMs()) {
        tell(quiet);
      }
    }
  }

  private void tell(RunQueries.Quiet quiet) {
    String detail =
        "nothing was recorded for "
            + words(Duration.ofMillis(quiet.stallAfterMs()))
            + "; the last was "
            + quiet.type();
    try {
      log.append(
          quiet.run(),
          List.of(
              new Fact(
                  quiet.key(),
                  AgentRunWorkflow.MAIN,
                  new RunEvent.RunStalled(quiet.at(), quiet.stallAfterMs(), detail))));
    } catch (RunEndedException e) {
      // It has ended in this moment.
    }
  }

  private static String words(Duration duration) {
    long s = duration.toSeconds();
    return s % 3600 == 0 ? s / 3600 + " h" : s % 60 == 0 ? s / 60 + " min" : s + " s";
  }
}
