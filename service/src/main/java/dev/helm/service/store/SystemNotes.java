package dev.helm.service.store;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells in each run's own log that Helm held it, and that it goes on. What has to be told is read
 * from the tables, so that a note is neither lost with a process nor written twice.
 */
final class SystemNotes {
  private static final Logger LOG = LoggerFactory.getLogger(SystemNotes.class);
  private static final String REASON = "system";
  private static final String KEY = "system/";
  private static final int RUNS_MAX = 10_000;

  private SystemNotes() {}

  /** Pauses the runs that are at work; those that wait for a person wait on. */
  static void pause(Tx tx, String why) throws SQLException {
    for (String run : runs(tx, "status = 'running'")) {
      append(tx, run, new RunEvent.RunPaused(REASON, null, null, null, why));
    }
  }

  /** Lets go on what was paused so, in this life of the process or in a former one. */
  static void resume(Tx tx) throws SQLException {
    for (String run : held(tx)) {
      append(tx, run, new RunEvent.RunResumed(REASON, null));
    }
  }

  /** One run that ended without its row knowing keeps no other from being noted. */
  private static void append(Tx tx, String run, RunEvent event) throws SQLException {
    try {
      tx.append(run, new Fact(KEY + UUID.randomUUID(), "main", event));
    } catch (RunEndedException e) {
      LOG.warn("an outage is not noted: {}", e.getMessage());
    }
  }

  /** Not those that wait for a container: their activity says itself that one came. */
  private static List<String> held(Tx tx) throws SQLException {
    return runs(
        tx,
        "status = 'paused' AND waiting_for = '"
            + REASON
            + "' AND (SELECT key FROM events WHERE run = runs.id AND type = 'run.paused'"
            + " ORDER BY seq DESC LIMIT 1) LIKE '"
            + KEY
            + "%'");
  }

  private static List<String> runs(Tx tx, String condition) throws SQLException {
    return tx.sql()
        .list(
            "SELECT id FROM runs WHERE " + condition + " ORDER BY n LIMIT " + RUNS_MAX,
            row -> row.getString(1));
  }
}
