package dev.helm.activities.run;

import dev.helm.activities.store.RunLog;
import dev.helm.workflows.Fact;
import dev.helm.workflows.LogActivity;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the workflow's own facts. */
public final class LogActivityImpl implements LogActivity {
  private static final Logger log = LoggerFactory.getLogger(LogActivityImpl.class);

  private final RunLog runLog;
  private final RunEnding ending;

  /** With the log, and what to free at the end. */
  public LogActivityImpl(RunLog runLog, RunEnding ending) {
    this.runLog = runLog;
    this.ending = ending;
  }

  @Override
  public void append(String run, List<Fact> facts) {
    runLog.append(run, facts);
  }

  @Override
  public void finish(String run, List<Fact> facts) {
    runLog.append(run, facts);
    try {
      ending.release(run);
    } catch (RuntimeException e) {
      // The run has ended; the reaper frees what is left when the engine answers again.
      log.warn("run {} has ended, its container is left to the reaper: {}", run, e.toString());
    }
  }
}
