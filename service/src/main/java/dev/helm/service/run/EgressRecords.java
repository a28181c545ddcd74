package dev.helm.service.run;

import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.sandbox.DockerSandbox;
import dev.helm.activities.store.RunLog;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The event of each attempt of a call to reach the network. */
final class EgressRecords {
  private final RunLog log;

  EgressRecords(RunLog log) {
    this.log = log;
  }

  /** Each attempt is an event; what cannot be recorded does not happen. */
  void record(@Nullable DockerSandbox docker, EgressAttempt attempt) {
    String run = docker == null ? null : docker.runOf(attempt.slot());
    if (run == null) {
      if (attempt.allowed()) {
        throw new IllegalStateException("no run holds slot " + attempt.slot());
      }
      return;
    }
    RunEvent event =
        attempt.allowed()
            ? new RunEvent.EgressAllowed(attempt.callId(), attempt.host(), attempt.port())
            : new RunEvent.EgressDenied(
                attempt.callId(), attempt.host(), attempt.port(), told(attempt));
    log.append(run, List.of(new Fact("egress/" + UUID.randomUUID(), "main", event)));
  }

  /** The same for what Helm itself dials for a run. */
  void dialled(
      String run, @Nullable String callId, String host, int port, @Nullable String refused) {
    RunEvent event =
        refused == null
            ? new RunEvent.EgressAllowed(callId, host, port)
            : new RunEvent.EgressDenied(callId, host, port, refused);
    log.append(run, List.of(new Fact("egress/" + UUID.randomUUID(), "main", event)));
  }

  /** Beyond some each minute refused attempts are only counted; the next one tells how many. */
  private static String told(EgressAttempt attempt) {
    return attempt.suppressed() == 0
        ? attempt.reason()
        : attempt.reason() + " (and " + attempt.suppressed() + " more were refused before)";
  }
}
